//! What a file is by its first bytes; never by its name or by what the sender says.

use image::ImageFormat;
use serde::{Deserialize, Serialize};

use super::Unusable;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Jpeg,
    Png,
    Tiff,
}

impl Format {
    /// A format that can be shown; `Unsupported` for photographs that cannot be yet.
    pub fn of(bytes: &[u8]) -> Result<Self, Unusable> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Self::Png),
            // Canon's raw files are TIFF by their first bytes, but hold only a thumbnail as such.
            [b'I', b'I', 0x2A, 0, _, _, _, _, b'C', b'R', ..] => Err(Unusable::Unsupported),
            [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => Ok(Self::Tiff),
            [b'I', b'I', 0x2B, 0, ..] | [b'M', b'M', 0, 0x2B, ..] => Ok(Self::Tiff),
            // HEIF, AVIF, CR3; WebP; GIF; Fujifilm, Panasonic and Olympus raw.
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
            | [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]
            | [b'G', b'I', b'F', b'8', ..]
            | [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', ..]
            | [b'I', b'I', b'U', 0, ..]
            | [b'I', b'I', b'R', b'O', ..] => Err(Unusable::Unsupported),
            _ => Err(Unusable::NotAPhotograph),
        }
    }
}

impl From<Format> for ImageFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jpeg => Self::Jpeg,
            Format::Png => Self::Png,
            Format::Tiff => Self::Tiff,
        }
    }
}
