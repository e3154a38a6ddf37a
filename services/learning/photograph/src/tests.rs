use std::{io::Cursor, path::PathBuf};

use exif::{In, Reader, Tag, experimental::Writer};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::*;

const MEMORY: u64 = 1 << 30;

fn picture(width: u32, height: u32) -> DynamicImage {
    // The upper left corner is white, so that one can tell how it stands.
    DynamicImage::from(RgbImage::from_fn(width, height, |x, y| {
        if x < width / 2 && y < height / 2 { Rgb([255, 255, 255]) } else { Rgb([(x % 200) as u8, 0, 0]) }
    }))
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with a secret of every kind in its metadata.
fn telling(orientation: u16) -> Vec<u8> {
    let text = |tag, value: &str| exif::Field { tag, ifd_num: In::PRIMARY, value: exif::Value::Ascii(vec![value.as_bytes().to_vec()]) };
    let rational = |tag, parts: &[(u32, u32)]| exif::Field {
        tag,
        ifd_num: In::PRIMARY,
        value: exif::Value::Rational(parts.iter().map(|(num, denom)| exif::Rational { num: *num, denom: *denom }).collect()),
    };
    let fields = [
        text(Tag::Make, "NIKON"),
        text(Tag::Model, "NIKON Z 6"),
        text(Tag::LensModel, "NIKKOR Z 24-70mm f/4 S"),
        text(Tag::DateTimeOriginal, "2026:05:09 05:12:40"),
        text(Tag::CameraOwnerName, "OWNER-SECRET"),
        text(Tag::Artist, "ARTIST-SECRET"),
        text(Tag::Copyright, "COPYRIGHT-SECRET"),
        text(Tag::BodySerialNumber, "SERIAL-SECRET"),
        text(Tag::LensSerialNumber, "LENS-SERIAL-SECRET"),
        text(Tag::ImageDescription, "DESCRIPTION-SECRET"),
        text(Tag::GPSProcessingMethod, "GPS-SECRET"),
        rational(Tag::GPSLatitude, &[(42, 1), (59, 1), (30, 1)]),
        rational(Tag::ExposureTime, &[(1, 250)]),
        rational(Tag::FNumber, &[(8, 1)]),
        rational(Tag::FocalLength, &[(35, 1)]),
        exif::Field { tag: Tag::PhotographicSensitivity, ifd_num: In::PRIMARY, value: exif::Value::Short(vec![100]) },
        exif::Field { tag: Tag::Orientation, ifd_num: In::PRIMARY, value: exif::Value::Short(vec![orientation]) },
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut tiff = Cursor::new(Vec::new());
    writer.write(&mut tiff, false).unwrap();
    let segment = [b"Exif\0\0".as_slice(), &tiff.into_inner()].concat();
    let jpeg = written(&picture(64, 32), ImageFormat::Jpeg);
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &segment, &jpeg[2..]].concat()
}

/// Nothing but JFIF's own header, tables, frame and scan.
#[track_caller]
fn tells_nothing(rendition: &[u8], of: &str) {
    let mut at = 2;
    while rendition[at + 1] != 0xDA {
        let code = rendition[at + 1];
        assert!(matches!(code, 0xE0 | 0xDB | 0xC0..=0xC4 | 0xDD), "{of}: a segment {code:#x} in a rendition");
        at += 2 + usize::from(u16::from_be_bytes([rendition[at + 2], rendition[at + 3]]));
    }
    assert!(Reader::new().read_from_container(&mut Cursor::new(rendition)).is_err(), "{of}: Exif in a rendition");
}

#[track_caller]
fn all_tell_nothing(photograph: &Photograph, of: &str) {
    for rendition in [&photograph.full, &photograph.large, &photograph.small] {
        tells_nothing(rendition, of);
    }
}

#[test]
fn what_a_camera_tells_is_read_and_what_a_person_would_hide_is_not() {
    let photograph = take_in(&telling(1), MEMORY).ok().unwrap();
    let exposure = &photograph.details.exposure;
    let expected = Exposure {
        camera: "NIKON Z 6".into(),
        lens: "NIKKOR Z 24-70mm f/4 S".into(),
        exposure_time: "1/250 s".into(),
        aperture: "f/8".into(),
        iso: "100".into(),
        focal_length: "35 mm".into(),
        taken_at: "2026-05-09 05:12:40".into(),
    };
    assert_eq!(*exposure, expected);
    let kept = serde_json::to_string(&photograph.details).unwrap();
    assert!(!kept.contains("SECRET") && !kept.contains("59"), "{kept}");
    all_tell_nothing(&photograph, "a telling JPEG");
    for rendition in [&photograph.full, &photograph.large, &photograph.small] {
        assert!(!String::from_utf8_lossy(rendition).contains("SECRET"));
    }
}

#[test]
fn a_photograph_is_made_upright() {
    let corner = |photograph: &Photograph| {
        let image = image::load_from_memory(&photograph.full).unwrap().into_rgb8();
        let (right, bottom) = (image.width() - 4, image.height() - 4);
        let bright = |x, y| image.get_pixel(x, y).0.iter().all(|channel| *channel > 200);
        ([bright(4, 4), bright(right, 4), bright(right, bottom), bright(4, bottom)], image.dimensions())
    };
    // Where the white corner is after each orientation (1: as it is; 3: upside down; 6 and 8: on its side).
    for (orientation, white, dimensions) in [(1, 0, (64, 32)), (3, 2, (64, 32)), (6, 1, (32, 64)), (8, 3, (32, 64))] {
        let photograph = take_in(&telling(orientation), MEMORY).ok().unwrap();
        let (bright, size) = corner(&photograph);
        let mut expected = [false; 4];
        expected[white] = true;
        assert_eq!((bright, size), (expected, dimensions), "orientation {orientation}");
        assert_eq!((photograph.details.width, photograph.details.height), dimensions);
    }
}

#[test]
fn every_format_is_rendered_in_its_sizes() {
    for (format, expected) in [(ImageFormat::Jpeg, Format::Jpeg), (ImageFormat::Png, Format::Png), (ImageFormat::Tiff, Format::Tiff)] {
        let photograph = take_in(&written(&picture(3000, 1500), format), MEMORY).ok().unwrap();
        assert_eq!((photograph.details.format, photograph.details.width), (expected, 3000));
        let size = |bytes: &[u8]| image::load_from_memory(bytes).map(|image| (image.width(), image.height())).unwrap();
        assert_eq!(size(&photograph.full), (3000, 1500));
        assert_eq!(size(&photograph.large), (2048, 1024));
        assert_eq!(size(&photograph.small), (512, 256));
        all_tell_nothing(&photograph, "a picture of ours");
    }
}

#[test]
fn a_small_photograph_stays_as_it_is() {
    let photograph = take_in(&written(&picture(40, 20), ImageFormat::Png), MEMORY).ok().unwrap();
    let small = image::load_from_memory(&photograph.small).unwrap();
    assert_eq!((small.width(), small.height()), (40, 20));
}

#[test]
fn what_is_no_photograph_is_refused() {
    let refused = |bytes: &[u8]| take_in(bytes, MEMORY).err();
    assert_eq!(refused(b"Dear instructor, here is my picture."), Some(Unusable::NotAPhotograph));
    assert_eq!(refused(b""), Some(Unusable::NotAPhotograph));
    assert_eq!(refused(b"%PDF-1.7"), Some(Unusable::NotAPhotograph));
    assert_eq!(refused(b"\0\0\0\x18ftypheic\0\0\0\0"), Some(Unusable::Unsupported));
    assert_eq!(refused(b"II\x2A\0\x10\0\0\0CR\x02\0"), Some(Unusable::Unsupported));
}

#[test]
fn a_photograph_cut_short_is_damaged() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Tiff] {
        let whole = written(&picture(200, 100), format);
        for part in [1, 10, 50, 90] {
            let cut = &whole[..(whole.len() * part / 100).max(12)];
            assert_eq!(take_in(cut, MEMORY).err(), Some(Unusable::Damaged), "{part} % of a {format:?}");
        }
    }
}

/// Only a header: nothing may be decoded to find out.
#[test]
fn a_photograph_too_large_is_refused_by_its_header() {
    let mut png = written(&picture(10, 10), ImageFormat::Png);
    for (width, height) in [(30_001_u32, 10_u32), (10, 30_001), (20_000, 10_001)] {
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(take_in(&png, u64::MAX).err(), Some(Unusable::TooLarge), "{width} × {height}");
    }
}

#[test]
fn what_does_not_fit_into_memory_is_refused() {
    let png = written(&picture(2000, 2000), ImageFormat::Png);
    assert_eq!(take_in(&png, 1 << 20).err(), Some(Unusable::TooLarge));
}

/// As PNG (ISO/IEC 15948, annex D) computes it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }))
}

#[allow(clippy::disallowed_methods, reason = "where the photographs for tests lie is no setting of the product")]
fn corpus() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("KOLSAI_CORPUS") else {
        eprintln!("KOLSAI_CORPUS is not set: photographs of real cameras were NOT tested");
        return None;
    };
    Some(PathBuf::from(folder).join("photographs"))
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_photograph_of_the_corpus_tells_anything() {
    let Some(folder) = corpus() else { return };
    let (mut taken, mut located) = (0, 0);
    for file in files(&folder) {
        let (name, bytes) = (file.display().to_string(), std::fs::read(&file).unwrap());
        let extension = file.extension().map(|extension| extension.to_ascii_lowercase().into_string().unwrap()).unwrap_or_default();
        match (extension.as_str(), take_in(&bytes, MEMORY)) {
            ("md" | "txt", answer) => assert_eq!(answer.err(), Some(Unusable::NotAPhotograph), "{name}"),
            ("heic" | "heif", answer) => assert_eq!(answer.err(), Some(Unusable::Unsupported), "{name}"),
            (_, Ok(photograph)) => {
                all_tell_nothing(&photograph, &name);
                hides_its_secrets(&bytes, &photograph, &name);
                located += usize::from(position(&bytes));
                taken += 1;
            }
            (_, Err(why)) => panic!("{name}: {why}"),
        }
    }
    assert!(taken >= 20 && located >= 4, "{taken} photographs taken in, {located} of them with a position");
}

fn fields_of(bytes: &[u8]) -> Vec<(Tag, String)> {
    let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
    let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) else { return Vec::new() };
    let text = |field: &exif::Field| match &field.value {
        exif::Value::Ascii(lines) => lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect::<Vec<_>>().join(" "),
        _ => field.display_value().to_string(),
    };
    exif.fields().map(|field| (field.tag, text(field))).collect()
}

fn position(bytes: &[u8]) -> bool {
    fields_of(bytes).iter().any(|(tag, _)| *tag == Tag::GPSLatitude)
}

/// Serial numbers, names and places of the original are in nothing that is kept in the open or shown.
#[track_caller]
fn hides_its_secrets(bytes: &[u8], photograph: &Photograph, name: &str) {
    let hidden = [
        Tag::BodySerialNumber,
        Tag::LensSerialNumber,
        Tag::CameraOwnerName,
        Tag::Artist,
        Tag::Copyright,
        Tag::ImageUniqueID,
        Tag::GPSLatitude,
        Tag::GPSLongitude,
        Tag::GPSDateStamp,
    ];
    let kept = serde_json::to_string(&photograph.details).unwrap();
    for (tag, value) in fields_of(bytes) {
        if hidden.contains(&tag) && value.len() >= 6 {
            assert!(!kept.contains(&value), "{name}: {tag} is kept");
        }
    }
}
