//! The photograph that is sent in: it knows where it was taken. What the school serves of it must not.

use std::{io::Cursor, path::Path};

use bytes::Bytes;
use exif::{In, Reader, Tag};
use image::{ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};

use super::Broken;

/// Within the corpus.
const REAL: &str = "photographs/jpg/gps/DSCN0010.jpg";

/// A JPEG whose Exif names a place.
pub struct Photograph {
    pub bytes: Bytes,
    /// Where it is from, in words.
    pub origin: String,
}

impl Photograph {
    /// The corpus' own, or one made here when there is no corpus.
    pub fn find(corpus: Option<&Path>) -> Result<Self, Broken> {
        let photograph = match corpus.map(|corpus| corpus.join(REAL)) {
            Some(path) => {
                let bytes = std::fs::read(&path).map_err(|error| Broken::File { path: path.clone(), why: error.to_string() })?;
                Self { bytes: bytes.into(), origin: path.display().to_string() }
            }
            None => Self { bytes: made()?.into(), origin: "made here, with a place in its Exif (KOLSAI_CORPUS is not set)".to_owned() },
        };
        if names_a_place(&photograph.bytes) {
            Ok(photograph)
        } else {
            Err(Broken::wrong("the photograph names no place: it would prove nothing"))
        }
    }
}

/// Whether Exif tells a latitude.
fn names_a_place(bytes: &[u8]) -> bool {
    let exif = Reader::new().read_from_container(&mut Cursor::new(bytes));
    exif.is_ok_and(|exif| exif.get_field(Tag::GPSLatitude, In::PRIMARY).is_some())
}

/// Demands a JPEG that tells nothing but its pixels: no Exif or XMP (APP1), no IPTC (APP13), no comment.
pub fn tells_only_pixels(what: &str, bytes: &[u8]) -> Result<(), Broken> {
    let broken = |why: &str| Broken::wrong(format!("{what} {why}"));
    let markers = markers(bytes).ok_or_else(|| broken("is no whole JPEG"))?;
    if markers.iter().any(|marker| matches!(marker, 0xE1 | 0xED | 0xFE)) {
        return Err(broken("carries metadata (APP1, APP13 or a comment)"));
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    if holds(b"Exif\0\0") || holds(b"http://ns.adobe.com/") || names_a_place(bytes) {
        return Err(broken("still carries Exif or XMP"));
    }
    Ok(())
}

/// The markers of a JPEG's segments up to its pixels (ITU-T T.81, annex B).
fn markers(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    let mut markers = Vec::new();
    loop {
        let [0xFF, marker, high, low, ..] = *rest else { return None };
        markers.push(marker);
        if marker == 0xDA {
            return bytes.ends_with(&[0xFF, 0xD9]).then_some(markers);
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..)?;
    }
}

/// A shore at dusk, and where it is said to lie.
fn made() -> Result<Vec<u8>, Broken> {
    let (width, height) = (1200, 800);
    let shore = RgbImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(255 * (height - y) / height).unwrap_or(u8::MAX);
        let line = (x * height).abs_diff((height - y) * width) < 12_000;
        if line { Rgb([250, 220, 160]) } else { Rgb([light / 2, light / 3 + 40, 200 - light / 4]) }
    });
    let mut jpeg = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, 88).write_image(&shore, width, height, image::ExtendedColorType::Rgb8);
    encoded.map_err(|error| Broken::wrong(format!("no photograph can be made: {error}")))?;
    let tiff = place();
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap_or(u16::MAX);
    let exif = [&[0xFF, 0xE1][..], &length.to_be_bytes(), b"Exif\0\0", &tiff].concat();
    jpeg.splice(2..2, exif);
    Ok(jpeg)
}

/// Exif with a maker and a position (CIPA DC-008, section 4.6): 42° 57′ N, 78° 19′ E.
fn place() -> Vec<u8> {
    const ASCII: u16 = 2;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let at = |offset: u32| offset.to_le_bytes();
    let degrees =
        |parts: [u32; 3]| parts.into_iter().flat_map(|part| [part.to_le_bytes(), 1_u32.to_le_bytes()].concat()).collect::<Vec<u8>>();
    let none = [0; 4];
    [
        &b"II\x2A\0\x08\0\0\0"[..],
        // At 8: the first directory, its text at 38, the directory of the position at 46.
        &2_u16.to_le_bytes(),
        &entry(0x010F, ASCII, 7, at(38)),
        &entry(0x8825, LONG, 1, at(46)),
        &none,
        b"Kolsai\0\0",
        &4_u16.to_le_bytes(),
        &entry(1, ASCII, 2, *b"N\0\0\0"),
        &entry(2, RATIONAL, 3, at(100)),
        &entry(3, ASCII, 2, *b"E\0\0\0"),
        &entry(4, RATIONAL, 3, at(124)),
        &none,
        &degrees([42, 57, 0]),
        &degrees([78, 19, 0]),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_seen_where_there_is_one() {
        let with = made().unwrap();
        assert!(names_a_place(&with));
        assert!(tells_only_pixels("it", &with).is_err());
        // The same without its first segment.
        let length = usize::from(u16::from_be_bytes([with[4], with[5]]));
        let without = [&with[..2], &with[4 + length..]].concat();
        assert!(!names_a_place(&without));
        assert!(tells_only_pixels("it", &without).is_ok());
        assert!(tells_only_pixels("it", &without[..without.len() - 2]).is_err(), "cut short");
        assert!(tells_only_pixels("it", b"no photograph").is_err());
    }
}
