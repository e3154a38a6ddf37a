//! The names of everything that is made of one upload. They follow from it, so that doing it again makes the same things,
//! and so that the upload's row alone is enough to remove them.

use objects::{ObjectKey, Prefix};

use super::Size;
use crate::ids::{SubmissionId, UploadId, derived};

pub(super) fn submission(upload: UploadId) -> SubmissionId {
    SubmissionId(derived(&[b"submission", upload.0.as_bytes()]))
}

pub(super) fn incoming(upload: UploadId) -> ObjectKey {
    ObjectKey::of(Prefix::Incoming, upload.0)
}

pub(super) fn original(upload: UploadId) -> ObjectKey {
    ObjectKey::of(Prefix::Originals, derived(&[b"original", upload.0.as_bytes()]))
}

pub(super) fn rendition(upload: UploadId, size: Size) -> ObjectKey {
    ObjectKey::of(Prefix::Renditions, derived(&[b"rendition", size.name().as_bytes(), upload.0.as_bytes()]))
}

/// Everything sealed that may have been made of an upload.
pub(super) fn sealed(upload: UploadId) -> [ObjectKey; 4] {
    [original(upload), rendition(upload, Size::Full), rendition(upload, Size::Large), rendition(upload, Size::Small)]
}

/// The upload that an incoming object belongs to.
pub(super) fn upload_of(key: &ObjectKey) -> Option<UploadId> {
    key.as_str().strip_prefix("incoming/")?.parse().ok()
}

/// What an object of a submission is sealed to, beside service and person, which are in its key: submission ‖ part.
pub(super) fn context(submission: SubmissionId, part: &str) -> Vec<u8> {
    [submission.0.as_bytes().as_slice(), part.as_bytes()].concat()
}

pub(super) const ORIGINAL: &str = "original";

/// The extension of a photograph, by its first bytes.
pub(super) fn extension(begins: &[u8]) -> &'static str {
    match begins {
        [0xFF, 0xD8, 0xFF, ..] => "jpg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => "tiff",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "heic",
        _ => "original",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_an_upload_has_its_own_name_and_always_the_same() {
        let upload = UploadId::new_v4();
        let mut names: Vec<_> = sealed(upload).into_iter().chain([incoming(upload)]).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 5);
        assert_eq!(sealed(upload), sealed(upload));
        assert_eq!(upload_of(&incoming(upload)), Some(upload));
        assert_eq!(upload_of(&original(upload)), None);
    }
}
