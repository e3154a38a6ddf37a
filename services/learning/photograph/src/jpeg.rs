//! Whether a JPEG is all there. Decoders fill in what is missing; a learner would be judged by a grey half.

const MARKER: u8 = 0xFF;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

/// Whether every segment lies within the file and the image ends with its own end marker (ITU-T T.81, B.1 and B.2). What
/// comes after that marker is of no concern: cameras put previews there.
pub fn is_whole(bytes: &[u8]) -> bool {
    ends(bytes).is_some()
}

/// Where the image ends.
fn ends(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    let mut scanned = false;
    loop {
        let (code, after) = marker(bytes, at)?;
        match code {
            END => return scanned.then_some(after),
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => at = after,
            _ => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(after)?, *bytes.get(after + 1)?]));
                at = after.checked_add(length).filter(|end| length >= 2 && *end <= bytes.len())?;
                if code == SCAN {
                    scanned = true;
                    at = scan_end(bytes, at)?;
                }
            }
        }
    }
}

/// The marker at or after `at` (stray bytes between segments are passed over, as decoders do), and where it ends.
fn marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut at = at + bytes.get(at..)?.iter().position(|byte| *byte == MARKER)?;
    // Any number of fill bytes may precede the code.
    while *bytes.get(at)? == MARKER {
        at += 1;
    }
    match bytes[at] {
        0 => marker(bytes, at),
        code => Some((code, at + 1)),
    }
}

/// Entropy-coded data ends at a marker that is neither a stuffed byte nor a restart.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == MARKER)?;
        match bytes.get(at + 1)? {
            0 | 0xD0..=0xD7 => at += 2,
            &MARKER => at += 1,
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SOI, a comment, a scan with a stuffed byte and a restart, EOI.
    const WHOLE: [u8; 22] = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, b'h', b'i', 0xFF, 0xDA, 0, 2, 1, 0xFF, 0, 2, 0xFF, 0xD0, 3, 4, 0xFF, 0xD9];

    #[test]
    fn whole_and_with_something_behind_it() {
        assert!(is_whole(&WHOLE));
        assert!(is_whole(&[&WHOLE[..], b"preview"].concat()));
    }

    #[test]
    fn cut_anywhere_it_is_not_whole() {
        for end in 0..WHOLE.len() {
            assert!(!is_whole(&WHOLE[..end]), "{end} bytes");
        }
    }

    #[test]
    fn without_a_scan_it_is_not_whole() {
        assert!(!is_whole(&[0xFF, 0xD8, 0xFF, 0xD9]));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in proptest::collection::vec(prop_oneof![Just(0xFF_u8), any::<u8>()], 0..200)) {
            let _ = is_whole(&bytes);
        }
    }
}
