//! Identifiers of learning. Those of the catalogue follow from its names, so that every installation has the same.

use foundation::typed_id;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

typed_id!(CourseId);
typed_id!(ModuleId);
typed_id!(LessonId);
typed_id!(TestId);
typed_id!(AssignmentId);
typed_id!(
    /// Public to the learner: random.
    EnrolmentId
);
typed_id!(
    /// A payment's order, as payment names it.
    OrderId
);
typed_id!(ProgressId);
typed_id!(AttemptId);
typed_id!(
    /// One upload; the submission and the objects made of it follow from it.
    UploadId
);
typed_id!(SubmissionId);
typed_id!(FeedbackId);
typed_id!(CertificateId);
typed_id!(
    /// A work or certificate shown to an audience. Public: random.
    PublicationId
);
typed_id!(
    /// A consent, as the ledger of consents has it.
    ConsentId
);
typed_id!(
    /// A grant of a role, as identity names it.
    GrantId
);

/// The first 128 bits of SHA-256 over the parts, each with its length, as a UUID of version 8 (RFC 9562, 5.8).
pub(crate) fn derived(parts: &[&[u8]]) -> Uuid {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_follows_from_its_parts_alone() {
        assert_eq!(derived(&[b"lesson", b"a"]), derived(&[b"lesson", b"a"]));
        assert_ne!(derived(&[b"lesson", b"a"]), derived(&[b"lessona", b""]));
        assert_eq!(derived(&[b"x"]).get_version_num(), 8);
    }
}
