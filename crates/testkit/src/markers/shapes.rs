//! Every shape that a value may have taken, and the search for them.

use std::io::{Cursor, Read};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use flate2::read::{GzDecoder, ZlibDecoder};
use zip::ZipArchive;

/// What is unpacked is read this far.
const UNPACKED: u64 = 64 * 1024 * 1024;
/// Archives within archives.
const DEEP: u32 = 3;

/// A text, however it was written.
pub(super) fn of_text(marker: &str) -> Vec<Vec<u8>> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| marker.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let ascii_only: String = marker.chars().flat_map(|c| if c.is_ascii() { vec![c] } else { escaped(c) }).collect();
    let mut shapes = vec![
        marker.to_lowercase().into_bytes(),
        marker.to_uppercase().into_bytes(),
        percent_encoding::utf8_percent_encode(marker, percent_encoding::NON_ALPHANUMERIC).to_string().into_bytes(),
        serde_json::Value::from(marker).to_string().trim_matches('"').as_bytes().to_vec(),
        ascii_only.into_bytes(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ];
    shapes.extend(of_bytes(marker.as_bytes()));
    sorted(shapes)
}

/// As JSON may write what is not ASCII.
fn escaped(c: char) -> Vec<char> {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().flat_map(|unit| format!("\\u{unit:04x}").chars().collect::<Vec<_>>()).collect()
}

/// Bytes as they are, in hex, and in both alphabets of base64.
pub(super) fn of_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut shapes = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    // Base64 reads differently at each of three offsets; the middle of each reading is the same wherever it starts.
    for lead in 0..3 {
        for alphabet in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            let text = alphabet.encode([vec![b' '; lead], bytes.to_vec()].concat());
            let (from, to) = (lead * 2, text.len().saturating_sub(3));
            shapes.push(text.as_bytes()[from.min(to)..to].to_vec());
        }
    }
    sorted(shapes)
}

fn sorted(mut shapes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    shapes.retain(|shape| shape.len() > 1);
    shapes.sort();
    shapes.dedup();
    shapes
}

/// What is looked for, in one pass over the bytes however many shapes there are: a school's files are large, and tests are not
/// compiled to be fast.
pub(super) struct Wanted {
    shapes: Vec<Vec<u8>>,
    /// By the first two bytes, whether any shape begins so.
    begins: Vec<bool>,
}

impl Wanted {
    pub fn new(shapes: Vec<Vec<u8>>) -> Self {
        let mut begins = vec![false; 1 << 16];
        for shape in &shapes {
            begins[pair(shape[0], shape[1])] = true;
        }
        Self { shapes, begins }
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.is_within(bytes, DEEP)
    }

    fn is_within(&self, bytes: &[u8], deep: u32) -> bool {
        let mut at = 0;
        while at + 1 < bytes.len() {
            if self.begins[pair(bytes[at], bytes[at + 1])] && self.shapes.iter().any(|shape| bytes[at..].starts_with(shape)) {
                return true;
            }
            if deep > 0 && packed(&bytes[at..]).is_some_and(|unpacked| self.is_within(&unpacked, deep - 1)) {
                return true;
            }
            at += 1;
        }
        deep > 0 && zipped(bytes).iter().any(|entry| self.is_within(entry, deep - 1))
    }

    /// The same shapes as PostgreSQL writes bytes: in hex.
    pub fn in_hex(&self) -> Self {
        let hex = |shape: &Vec<u8>| shape.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
        Self::new(self.shapes.iter().map(hex).collect())
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// What begins here and is compressed, by gzip or zlib; what is broken off is read as far as it goes.
fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    match bytes {
        [0x1f, 0x8b, 0x08, ..] => GzDecoder::new(bytes).take(UNPACKED).read_to_end(&mut unpacked).ok().map(drop),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ZlibDecoder::new(bytes).take(UNPACKED).read_to_end(&mut unpacked).ok().map(drop),
        _ => None,
    };
    Some(unpacked).filter(|unpacked| !unpacked.is_empty())
}

fn zipped(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Some(mut archive) = bytes.starts_with(b"PK\x03\x04").then(|| ZipArchive::new(Cursor::new(bytes)).ok()).flatten() else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index(index) else { continue };
        let mut unpacked = Vec::new();
        // What is broken off is looked at as far as it goes.
        let _ = entry.take(UNPACKED).read_to_end(&mut unpacked);
        entries.push(unpacked);
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const MARKER: &str = "Aigerim 4f/ә?>";

    #[test]
    fn a_marker_is_found_in_every_shape_and_nowhere_else() {
        let wanted = Wanted::new(of_text(MARKER));
        let base64 = |lead: &str| BASE64_STANDARD_NO_PAD.encode(format!("{lead}{MARKER}, and on"));
        let url_safe = |lead: &str| BASE64_URL_SAFE_NO_PAD.encode(format!("{lead}{MARKER}, and on"));
        let texts = [
            "x Aigerim 4f/ә?> x",
            "AIGERIM 4F/Ә?>",
            "aigerim 4f/ә?>",
            "q=Aigerim%204f%2F%D3%99%3F%3E",
            r#"{"name":"Aigerim 4f/\u04d9?>"}"#,
            &base64(""),
            &base64("a"),
            &base64("ab"),
            &url_safe(""),
            &url_safe("a"),
            &url_safe("ab"),
        ];
        for text in texts {
            assert!(wanted.is_in(text.as_bytes()), "{text}");
        }
        for unit in [u16::to_be_bytes, u16::to_le_bytes] {
            assert!(wanted.is_in(&MARKER.encode_utf16().flat_map(unit).collect::<Vec<u8>>()));
        }
        let as_bytea: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(wanted.in_hex().is_in(format!("(7,\\x{as_bytea})").as_bytes()));
        assert!(!wanted.is_in("Aigerim 4e, Aigerim, 4f".as_bytes()));
        assert!(!wanted.is_in(b"A") && !wanted.is_in(b""));
    }

    #[test]
    fn what_is_compressed_is_looked_into() {
        let wanted = Wanted::new(of_text(MARKER));
        let gzipped = |text: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let (with, without) = (format!("{MARKER} {}", "light ".repeat(50)), "light ".repeat(60));
        assert!(!gzipped(&with).windows(8).any(|window| MARKER.as_bytes().starts_with(window)), "it does not stand there as it is");
        assert!(wanted.is_in(&gzipped(&with)) && !wanted.is_in(&gzipped(&without)));
        assert!(wanted.is_in(&[b"in the middle of a page ".as_slice(), &gzipped(&with), b" of a database"].concat()));

        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("work.txt", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&gzipped(&with)).unwrap();
        assert!(wanted.is_in(&zip.finish().unwrap().into_inner()), "in an archive in an archive");
    }

    #[test]
    fn bytes_are_found_as_hex_and_base64_too() {
        let key = [0xfb, 0xff, 0xbf, 7, 9, 200, 31, 0, 64];
        let wanted = Wanted::new(of_bytes(&key));
        let hex = "x'FBFFBF0709C81F0040'";
        for shape in
            [key.to_vec(), hex.into(), hex.to_lowercase().into(), BASE64_URL_SAFE_NO_PAD.encode([&[1], &key[..], &[2]].concat()).into()]
        {
            assert!(wanted.is_in(&shape), "{shape:?}");
        }
        assert!(!wanted.is_in(&key[1..]));
    }
}
