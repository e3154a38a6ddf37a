//! Photographs that are sent in: a sound one that knows its place, and files that are no photographs or worse.

use std::io::{Cursor, Write};

use bytes::Bytes;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// A small JPEG whose Exif holds `marker` as its description and a latitude, and whose comment holds `marker` too.
pub fn jpeg(marker: &str) -> Bytes {
    let image = RgbImage::from_fn(96, 64, |x, y| Rgb([u8::try_from(x * 2).unwrap(), u8::try_from(y * 3).unwrap(), 90]));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).write_image(&image, 96, 64, ExtendedColorType::Rgb8).unwrap();
    let exif = [b"Exif\0\0".as_slice(), &tiff(marker)].concat();
    bytes.splice(2..2, [segment(0xE1, &exif), segment(0xFE, marker.as_bytes())].concat());
    bytes.into()
}

/// A segment of a JPEG (ITU-T T.81, B.1.1.4).
fn segment(code: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, code], length.as_slice(), content].concat()
}

/// An Exif block: a description, and a place at 42° 57′ N (CIPA DC-008, 4.6).
fn tiff(description: &str) -> Vec<u8> {
    let text = [description.as_bytes(), &[0]].concat();
    let entry = |tag: u16, kind: u16, count: usize, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &u32::try_from(count).unwrap().to_le_bytes(), &value].concat()
    };
    let at = |offset: usize| u32::try_from(offset).unwrap().to_le_bytes();
    // At 8 the first directory with two entries, its text at 38, the directory of the place behind it, its numbers at the end.
    let place = 38 + text.len() + text.len() % 2;
    let degrees: Vec<u8> = [42_u32, 1, 57, 1, 0, 1].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut block = [
        &b"II\x2A\0\x08\0\0\0"[..],
        &2_u16.to_le_bytes(),
        &entry(0x010E, 2, text.len(), at(38)),
        &entry(0x8825, 4, 1, at(place)),
        &[0; 4],
        &text,
    ]
    .concat();
    block.resize(place, 0);
    [&block, &2_u16.to_le_bytes()[..], &entry(1, 2, 2, *b"N\0\0\0"), &entry(2, 5, 3, at(place + 30)), &[0; 4], &degrees].concat()
}

/// Whether a JPEG has none of the segments that tell more than its pixels: Exif and XMP, IPTC, comments.
pub fn tells_only_pixels(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let [0xFF, code, high, low] = bytes[at..at + 4] {
        match code {
            0xE1..=0xEF | 0xFE => return false,
            0xDA => return bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]),
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

/// A JPEG that says that it has so many pixels a side, and has none.
pub fn jpeg_of(side: u16) -> Bytes {
    let [high, low] = side.to_be_bytes();
    let frame = segment(0xC0, &[8, high, low, high, low, 1, 1, 0x11, 0]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    [&[0xFF, 0xD8][..], &segment(0xDB, &[&[0][..], &[1; 64]].concat()), &frame, &scan, &[0x12, 0x34, 0xFF, 0xD9]].concat().into()
}

/// A PNG of so many pixels a side, in eight-bit grey, with these bytes for its pixels and these chunks before them.
pub fn png(side: u32, pixels: &[u8], chunks: &[([u8; 4], Vec<u8>)]) -> Bytes {
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    bytes.extend(chunk(*b"IHDR", &header));
    for (kind, content) in chunks {
        bytes.extend(chunk(*kind, content));
    }
    bytes.extend(chunk(*b"IDAT", pixels));
    bytes.extend(chunk(*b"IEND", &[]));
    bytes.into()
}

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], content].concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[..], &checked, &crc(&checked).to_be_bytes()].concat()
}

/// CRC-32 as PNG has it (ISO/IEC 15948, annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())))
}

/// So many mebibytes of zeros as a zip archive of one entry: about a thousandth of them.
pub fn zip_of_zeros(mebibytes: usize) -> Bytes {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("photograph.jpg", SimpleFileOptions::default().large_file(true)).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        archive.write_all(&zeros).unwrap();
    }
    archive.finish().unwrap().into_inner().into()
}

/// The same zeros as a zlib stream (RFC 1950), as PNG compresses.
pub fn zlib_of_zeros(mebibytes: usize) -> Vec<u8> {
    let archive = zip_of_zeros(mebibytes);
    let mut read = ZipArchive::new(Cursor::new(&archive)).unwrap();
    let entry = read.by_index_raw(0).unwrap();
    let start = usize::try_from(entry.data_start().unwrap()).unwrap();
    let end = start + usize::try_from(entry.compressed_size()).unwrap();
    // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
    let adler = u32::try_from((mebibytes << 20) % 65_521).unwrap() << 16 | 1;
    [&[0x78, 0x9C][..], &archive[start..end], &adler.to_be_bytes()].concat()
}

#[test]
fn the_sound_one_is_a_photograph_that_knows_its_place() {
    let bytes = jpeg("marker");
    assert!(!tells_only_pixels(&bytes));
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&bytes)).unwrap();
    assert!(exif.get_field(exif::Tag::GPSLatitude, exif::In::PRIMARY).is_some());
    assert_eq!(exif.get_field(exif::Tag::ImageDescription, exif::In::PRIMARY).unwrap().display_value().to_string(), "\"marker\"");
    image::load_from_memory(&bytes).unwrap();
}

#[test]
fn the_zeros_are_as_many_as_they_say() {
    let stream = zlib_of_zeros(3);
    let sound = png(1, &zlib_of_zeros(1), &[]);
    assert!(stream.len() < 10_000);
    // One row of one pixel is two bytes: the decoder takes those and leaves the rest.
    let _ = image::load_from_memory(&sound);
}
