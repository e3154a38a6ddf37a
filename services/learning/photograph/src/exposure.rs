//! How a photograph was taken, as its Exif tells (CIPA DC-008). Only these tags are read: no place, no serial number, no
//! name of a person can come through.

use exif::{Error, Exif, Field, In, Reader, Tag, Value};
use image::metadata::Orientation;
use serde::{Deserialize, Serialize};

/// Characters of one value; cameras write less.
const LONGEST: usize = 64;

/// As photographers write it; empty where the file does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    pub camera: String,
    pub lens: String,
    pub exposure_time: String,
    pub aperture: String,
    pub iso: String,
    pub focal_length: String,
    /// The camera's own clock, without a zone: `2026-05-09 05:12:40`.
    pub taken_at: String,
}

/// What the file tells, as far as it can be read, and how the photograph stands.
pub fn read(bytes: &[u8]) -> (Exposure, Option<Orientation>) {
    let read = Reader::new().continue_on_error(true).read_from_container(&mut std::io::Cursor::new(bytes));
    match read.or_else(|error: Error| error.distill_partial_result(|_| {})) {
        Ok(exif) => (exposure(&exif), orientation(&exif)),
        // A photograph without Exif, or with one that nobody can read, is a photograph all the same.
        Err(_) => (Exposure::default(), None),
    }
}

fn exposure(exif: &Exif) -> Exposure {
    let (maker, model) = (text(exif, Tag::Make), text(exif, Tag::Model));
    let camera = match maker.split(' ').next() {
        Some(first) if model.to_lowercase().starts_with(&first.to_lowercase()) => model,
        _ => format!("{maker} {model}").trim().to_owned(),
    };
    Exposure {
        camera,
        lens: text(exif, Tag::LensModel),
        exposure_time: shown(exif, Tag::ExposureTime, |time| format!("{time} s")),
        aperture: shown(exif, Tag::FNumber, |number| format!("f/{number}")),
        iso: shown(exif, Tag::PhotographicSensitivity, |iso| iso.to_owned()),
        focal_length: shown(exif, Tag::FocalLength, |length| format!("{length} mm")),
        taken_at: shown(exif, Tag::DateTimeOriginal, |time| time.to_owned()),
    }
}

fn orientation(exif: &Exif) -> Option<Orientation> {
    let field = exif.get_field(Tag::Orientation, In::PRIMARY)?;
    Orientation::from_exif(u8::try_from(field.value.get_uint(0)?).ok()?)
}

/// A text as the camera wrote it, printable and short.
fn text(exif: &Exif, tag: Tag) -> String {
    match exif.get_field(tag, In::PRIMARY) {
        Some(Field { value: Value::Ascii(lines), .. }) => {
            lines.first().map(|line| clean(&String::from_utf8_lossy(line))).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A number or time in its usual form, with its unit put on; nothing where the file holds nonsense.
fn shown(exif: &Exif, tag: Tag, unit: impl Fn(&str) -> String) -> String {
    let Some(field) = exif.get_field(tag, In::PRIMARY) else { return String::new() };
    let value = match &field.value {
        Value::Rational(parts) if parts.first().is_none_or(|part| part.denom == 0 || part.num == 0) => return String::new(),
        Value::Rational(_) | Value::Short(_) | Value::Long(_) | Value::Ascii(_) => clean(&field.display_value().to_string()),
        _ => return String::new(),
    };
    // Whatever is shown here begins with a digit.
    if value.starts_with(|first: char| first.is_ascii_digit()) { unit(&value) } else { String::new() }
}

fn clean(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER);
    printable.take(LONGEST).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
