//! The JPEGs that are looked at. They are made from pixels alone, so nothing else of the file is in them.

use image::{
    ExtendedColorType, ImageResult, RgbImage,
    codecs::jpeg::JpegEncoder,
    imageops::{self, FilterType},
};

/// Pixels of the longer side.
pub const LARGE: u32 = 2048;
pub const SMALL: u32 = 512;

const FULL_QUALITY: u8 = 92;
const QUALITY: u8 = 85;

pub struct Renditions {
    pub full: Vec<u8>,
    pub large: Vec<u8>,
    pub small: Vec<u8>,
}

pub fn all(image: &RgbImage) -> ImageResult<Renditions> {
    let full = encoded(image, FULL_QUALITY)?;
    let large = within(image, LARGE);
    let large = large.as_ref().unwrap_or(image);
    let small = within(large, SMALL);
    Ok(Renditions { full, large: encoded(large, QUALITY)?, small: encoded(small.as_ref().unwrap_or(large), QUALITY)? })
}

/// The image scaled to this longer side; none when it is not longer already.
fn within(image: &RgbImage, longest: u32) -> Option<RgbImage> {
    let (width, height) = image.dimensions();
    let longer = width.max(height);
    if longer <= longest {
        return None;
    }
    let side = |side: u32, to: u32| u32::try_from(u64::from(side) * u64::from(to) / u64::from(longer)).unwrap_or(to).max(1);
    // Box averaging first: a wide kernel over a very large image takes minutes and looks no better.
    let halfway = longest * 2;
    let rough = (longer > halfway * 2).then(|| imageops::thumbnail(image, side(width, halfway), side(height, halfway)));
    Some(imageops::resize(rough.as_ref().unwrap_or(image), side(width, longest), side(height, longest), FilterType::Lanczos3))
}

fn encoded(image: &RgbImage, quality: u8) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(image, image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}
