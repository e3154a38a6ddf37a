use proptest::prelude::*;

use super::{chunks::SEALED_CHUNK, *};

const KEY: DataKey = [7; 32];
const CONTEXT: &[u8] = b"learning|submission|original|row|person";

/// Lengths around the borders of chunks, and any other.
fn plaintexts() -> impl Strategy<Value = Vec<u8>> {
    let length =
        prop_oneof![Just(0), Just(1), Just(CHUNK - 1), Just(CHUNK), Just(CHUNK + 1), Just(2 * CHUNK), Just(2 * CHUNK + 17), 0..3 * CHUNK,];
    (length, any::<u8>()).prop_map(|(length, seed)| (0..length).map(|at| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ seed).collect())
}

fn header_of(sealed: &[u8]) -> [u8; HEADER] {
    *sealed.first_chunk().unwrap()
}

fn opener(sealed: &[u8]) -> Opener {
    Opener::new(&KEY, CONTEXT, header_of(sealed), sealed.len() as u64).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_sealed_opens(plaintext in plaintexts()) {
        let sealed = seal(&KEY, CONTEXT, &plaintext).unwrap();
        prop_assert_eq!(opener(&sealed).len(), plaintext.len() as u64);
        prop_assert!(open(&KEY, CONTEXT, &sealed).unwrap() == plaintext);
    }

    #[test]
    fn pieces_seal_as_the_whole_does(plaintext in plaintexts(), piece in 1..CHUNK * 2) {
        let (mut sealer, header) = Sealer::new(&KEY, CONTEXT);
        let mut sealed = header.to_vec();
        for part in plaintext.chunks(piece) {
            sealed.extend(sealer.push(part).unwrap());
        }
        sealed.extend(sealer.finish().unwrap());
        prop_assert_eq!(sealed.len(), seal(&KEY, CONTEXT, &plaintext).unwrap().len());
        prop_assert!(open(&KEY, CONTEXT, &sealed).unwrap() == plaintext);
    }

    #[test]
    fn a_range_opens_from_its_chunks_alone(plaintext in plaintexts(), one: prop::sample::Index, other: prop::sample::Index) {
        let sealed = seal(&KEY, CONTEXT, &plaintext).unwrap();
        let (one, other) = (one.index(plaintext.len() + 1), other.index(plaintext.len() + 1));
        let range = one.min(other)..one.max(other);
        let asked = range.start as u64..range.end as u64;
        let opener = opener(&sealed);
        let fetch = opener.sealed_range(&asked).unwrap();
        prop_assert!(fetch.end - fetch.start <= (range.len() + 2 * SEALED_CHUNK) as u64);
        let opened = opener.open_range(&asked, &sealed[fetch.start as usize..fetch.end as usize]).unwrap();
        prop_assert!(opened == plaintext[range]);
    }

    #[test]
    fn a_changed_byte_does_not_open(plaintext in plaintexts(), at: prop::sample::Index, flip in 1u8..) {
        let mut sealed = seal(&KEY, CONTEXT, &plaintext).unwrap().to_vec();
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert!(open(&KEY, CONTEXT, &sealed).is_err());
    }

    #[test]
    fn a_cut_object_does_not_open(plaintext in plaintexts(), at: prop::sample::Index) {
        let sealed = seal(&KEY, CONTEXT, &plaintext).unwrap();
        prop_assert!(open(&KEY, CONTEXT, &sealed[..at.index(sealed.len())]).is_err());
    }

    #[test]
    fn a_longer_object_does_not_open(plaintext in plaintexts(), more in 1usize..100) {
        let mut sealed = seal(&KEY, CONTEXT, &plaintext).unwrap().to_vec();
        sealed.extend(vec![0; more]);
        prop_assert!(open(&KEY, CONTEXT, &sealed).is_err());
    }
}

/// Three full chunks: the cut falls between chunks, where only the last-chunk flag can tell.
#[test]
fn a_cut_between_chunks_does_not_open() {
    let sealed = seal(&KEY, CONTEXT, &vec![1; 3 * CHUNK]).unwrap();
    for chunks in [1, 2] {
        let cut = &sealed[..HEADER + chunks * SEALED_CHUNK];
        assert_eq!(open(&KEY, CONTEXT, cut), Err(SealedError::DoesNotOpen));
        let opener = opener(cut);
        let end = opener.end_range();
        assert_eq!(opener.check_end(&cut[end.start as usize..end.end as usize]), Err(SealedError::DoesNotOpen));
    }
    let whole = opener(&sealed);
    let end = whole.end_range();
    assert_eq!(whole.check_end(&sealed[end.start as usize..end.end as usize]), Ok(()));
}

#[test]
fn swapped_chunks_do_not_open() {
    let sealed = seal(&KEY, CONTEXT, &vec![1; 3 * CHUNK]).unwrap().to_vec();
    let (first, second) = (HEADER..HEADER + SEALED_CHUNK, HEADER + SEALED_CHUNK..HEADER + 2 * SEALED_CHUNK);
    let mut swapped = sealed.clone();
    swapped[first.clone()].copy_from_slice(&sealed[second.clone()]);
    swapped[second].copy_from_slice(&sealed[first]);
    assert_eq!(open(&KEY, CONTEXT, &swapped), Err(SealedError::DoesNotOpen));
}

#[test]
fn another_key_or_context_does_not_open() {
    let sealed = seal(&KEY, CONTEXT, b"a photograph").unwrap();
    assert_eq!(open(&[8; 32], CONTEXT, &sealed), Err(SealedError::DoesNotOpen));
    assert_eq!(open(&KEY, b"another row", &sealed), Err(SealedError::DoesNotOpen));
}

#[test]
fn a_chunk_of_another_object_under_the_same_key_does_not_open() {
    let (one, other) = (seal(&KEY, CONTEXT, &vec![1; 2 * CHUNK]).unwrap(), seal(&KEY, CONTEXT, &vec![2; 2 * CHUNK]).unwrap());
    assert_ne!(one[..HEADER], other[..HEADER]);
    let mixed = [&one[..HEADER + SEALED_CHUNK], &other[HEADER + SEALED_CHUNK..]].concat();
    assert_eq!(open(&KEY, CONTEXT, &mixed), Err(SealedError::DoesNotOpen));
}

#[test]
fn ranges_outside_are_refused() {
    let sealed = seal(&KEY, CONTEXT, b"ten bytes!").unwrap();
    let opener = opener(&sealed);
    assert_eq!(opener.sealed_range(&(0..11)), Err(SealedError::Range));
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let backwards = 5..4;
    assert_eq!(opener.sealed_range(&backwards), Err(SealedError::Range));
}
