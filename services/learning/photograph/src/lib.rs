//! A photograph taken in: recognised, measured, made upright, and rendered without a trace of its metadata. No IO.

mod exposure;
mod format;
mod jpeg;
mod render;
#[cfg(test)]
mod tests;

use image::{ImageDecoder, ImageError, Limits, metadata::Orientation};
use serde::{Deserialize, Serialize};

pub use exposure::Exposure;
pub use format::Format;
use render::Renditions;

/// Pixels of a side, and of the whole.
pub const LONGEST_SIDE: u32 = 30_000;
pub const MOST_PIXELS: u64 = 200_000_000;
/// Bytes that everything before the pixels may take: profiles and texts that grow when they are opened are let go beyond it.
const HEADER_MEMORY: u64 = 16 << 20;

/// What is kept of a photograph beside its pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    pub format: Format,
    /// Of the upright photograph, in pixels.
    pub width: u32,
    pub height: u32,
    pub exposure: Exposure,
}

/// A photograph that was accepted.
pub struct Photograph {
    pub details: Details,
    /// JPEGs: in full size, at most 2048 and at most 512 pixels a side.
    pub full: Vec<u8>,
    pub large: Vec<u8>,
    pub small: Vec<u8>,
}

/// Why a file is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("this file is not a photograph; send a JPEG, PNG or TIFF")]
    NotAPhotograph,
    #[error("this kind of photograph cannot be shown yet; export it as JPEG, PNG or TIFF and send that")]
    Unsupported,
    #[error("the photograph is damaged or incomplete; export it anew and send it again")]
    Damaged,
    #[error("the photograph is larger than 30000 pixels a side, 200 megapixels, or what can be decoded; send it smaller")]
    TooLarge,
}

/// Reads, measures and renders. Takes seconds and much memory: run it off the runtime. `memory` is in bytes.
pub fn take_in(bytes: &[u8], memory: u64) -> Result<Photograph, Unusable> {
    let format = Format::of(bytes)?;
    if format == Format::Jpeg && !jpeg::is_whole(bytes) {
        return Err(Unusable::Damaged);
    }
    let limited = |bytes| {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(bytes);
        limits
    };
    let mut limits = limited(memory);
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), format.into());
    reader.limits(limited(memory.min(HEADER_MEMORY)));
    let mut decoder = reader.into_decoder().map_err(refused)?;
    fits(decoder.dimensions())?;
    let (exposure, orientation) = exposure::read(bytes);
    // Without Exif of its own the container may still say how it stands.
    let orientation = orientation.unwrap_or_else(|| decoder.orientation().unwrap_or(Orientation::NoTransforms));
    // The pixels themselves count too; decoders only watch what they take beside them.
    limits.reserve(decoder.total_bytes()).map_err(refused)?;
    decoder.set_limits(limits).map_err(refused)?;
    let mut image = image::DynamicImage::from_decoder(decoder).map_err(refused)?;
    image.apply_orientation(orientation);
    let image = image.into_rgb8();
    let details = Details { format, width: image.width(), height: image.height(), exposure };
    let Renditions { full, large, small } = render::all(&image).map_err(refused)?;
    Ok(Photograph { details, full, large, small })
}

/// Known from the header, before anything is decoded.
fn fits((width, height): (u32, u32)) -> Result<(), Unusable> {
    if width == 0 || height == 0 {
        return Err(Unusable::Damaged);
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > LONGEST_SIDE || height > LONGEST_SIDE || pixels > MOST_PIXELS { Err(Unusable::TooLarge) } else { Ok(()) }
}

fn refused(error: ImageError) -> Unusable {
    match error {
        ImageError::Limits(_) => Unusable::TooLarge,
        ImageError::Unsupported(_) => Unusable::Unsupported,
        _ => Unusable::Damaged,
    }
}
