//! An uploaded photograph becomes a submission: checked, stripped, sealed, read back, the upload deleted, and only then accepted.

use std::time::Duration;

use bytes::Bytes;
use contract::{Purpose, learning::v1::SubmissionReceived};
use events::announce_in_tx;
use foundation::PersonId;
use personal_data::{Idempotency, category, keys::DataKey, query};
use photograph::{Photograph, Unusable};
use sea_orm::{ColumnTrait, QueryFilter};
use tracing::Instrument;

use super::{
    Error, Size, Submissions, names, own,
    rows::{submission, upload},
    rules,
};
use crate::ids::{AssignmentId, UploadId};

/// For so long an upload belongs to the call that took it; well longer than work on it may last.
const LEASE: Duration = Duration::from_secs(150);
const LONGEST_WORK: Duration = Duration::from_secs(90);
/// For so long after its link ended an upload may be sent in; the sweep comes later.
const USABLE: Duration = Duration::from_secs(12 * 60 * 60);

pub struct SendIn {
    pub upload: UploadId,
    pub assignment: AssignmentId,
    pub note: String,
    pub claim: Idempotency,
}

/// What taking an upload came to.
enum Taken {
    /// It is this call's, until its lease ends.
    Ours(upload::Model),
    /// The same call was answered before.
    Before(submission::Model),
}

type Key = DataKey<category::Learning>;

impl Submissions {
    pub async fn send(&self, person: PersonId, ask: SendIn) -> Result<submission::Model, Error> {
        if !rules::note_is_fit(&ask.note) {
            return Err(Error::Note);
        }
        let row = match self.take(person, &ask).await? {
            Taken::Before(first) => return Ok(first),
            Taken::Ours(row) => row,
        };
        // Only now that something of this person's is here: a key borrowed for nothing would contradict their erasure.
        let key = match self.keys.of::<category::Learning>(person, Purpose::Education).await {
            Ok(key) => key,
            Err(error) => {
                self.give_back(row).await;
                return Err(error.into());
            }
        };
        // Goes on when the caller leaves: half a photograph helps nobody, and asking again finds the whole.
        let work = {
            let this = self.clone();
            async move { this.work(row, ask, &key).await }
        };
        tokio::spawn(work.in_current_span()).await.map_err(|_| Error::BrokeOff)?
    }

    /// Makes the upload this call's own, so that nobody else works on it meanwhile.
    async fn take(&self, person: PersonId, ask: &SendIn) -> Result<Taken, Error> {
        let id = names::submission(ask.upload);
        let tx = self.db.begin_for("learning.take-upload", person, Purpose::Education).await?;
        let claimed = tx.first_made(&ask.claim, id).await?;
        if let Some(first) = own(&tx, person, id).await? {
            return if claimed.is_some() { Ok(Taken::Before(first)) } else { Err(Error::NoSuchUpload) };
        }
        let assignment = self.assignment_for(&tx, person, ask.assignment).await?;
        let select = query::of::<upload::Entity>(person, Purpose::Education).filter(upload::Column::Id.eq(ask.upload));
        let mut row = select.one(&tx).await?.filter(|row| row.assignment_id == assignment.id).ok_or(Error::NoSuchUpload)?;
        if let Some(why) = rules::refusal(row.refused) {
            return Err(why.into());
        }
        let now = tx.clock().now();
        if row.expires_at.plus(USABLE) < now {
            return Err(Error::NoSuchUpload);
        }
        if row.taken_until.is_some_and(|until| until > now) {
            return Err(Error::InWork);
        }
        self.may_send(&tx, person, assignment).await?;
        row.taken_until = Some(now.plus(LEASE));
        tx.update::<upload::Entity>(&mut row).await?;
        tx.commit().await?;
        Ok(Taken::Ours(row))
    }

    async fn work(&self, row: upload::Model, ask: SendIn, key: &Key) -> Result<submission::Model, Error> {
        let accepted = tokio::time::timeout(LONGEST_WORK, self.accept(row.clone(), ask, key)).await.unwrap_or(Err(Error::TooSlow));
        match &accepted {
            Ok(_) => {}
            Err(Error::Unusable(why)) => self.refuse(row, *why).await?,
            Err(error) => {
                tracing::warn!(%error, "a photograph was not taken in");
                self.give_back(row).await;
            }
        }
        accepted
    }

    async fn accept(&self, row: upload::Model, ask: SendIn, key: &Key) -> Result<submission::Model, Error> {
        let bytes = self.fetch(&row, key).await?;
        let photograph = self.decode(bytes.clone()).await?;
        self.seal(row.id, key, &bytes, &photograph).await?;
        drop(bytes);
        self.objects.delete(&names::incoming(row.id)).await?;
        let details = photograph.details;
        let (id, now) = (names::submission(row.id), self.db.clock().now());
        let details = serde_json::to_value(&details).map_err(|_| personal_data::Error::Internal("details do not serialise".into()))?;
        let assignment = self.catalogue.assignment(ask.assignment).ok_or(Error::NoSuchAssignment)?;
        let submission = submission::Model {
            id,
            learner_id: row.learner_id,
            course_id: assignment.course,
            assignment_id: assignment.id,
            note: (!ask.note.trim().is_empty()).then(|| submission::Model::seal_note(key, id, &ask.note)).flatten(),
            details: submission::Model::seal_details(key, id, &details),
            original: names::original(row.id).into(),
            full: names::rendition(row.id, Size::Full).into(),
            large: names::rendition(row.id, Size::Large).into(),
            small: names::rendition(row.id, Size::Small).into(),
            sent_at: now,
            answered_at: None,
            version: 0,
        };
        let tx = self.db.begin_for("learning.receive-submission", row.learner_id, Purpose::Education).await?;
        self.may_send(&tx, row.learner_id, assignment).await?;
        tx.insert::<submission::Entity>(submission.clone()).await?;
        tx.delete::<upload::Entity>(&row).await?;
        let event = SubmissionReceived {
            submission_id: id.to_string(),
            learner_id: row.learner_id.to_string(),
            assignment_id: assignment.id.to_string(),
            version: 1,
        };
        announce_in_tx(&tx, event).await?;
        tx.commit().await?;
        Ok(submission)
    }

    /// The uploaded bytes, once it is known that there are not too many.
    async fn fetch(&self, row: &upload::Model, key: &Key) -> Result<Bytes, Error> {
        let incoming = names::incoming(row.id);
        let Some(there) = self.objects.head(&incoming).await? else { return self.fetch_sealed(row, key).await };
        if there.size > rules::MOST_BYTES {
            return Err(Error::Size);
        }
        Ok(self.objects.get(&incoming).await?)
    }

    /// The same bytes, when a process ended between the deletion of the upload and its acceptance.
    async fn fetch_sealed(&self, row: &upload::Model, key: &Key) -> Result<Bytes, Error> {
        let context = names::context(names::submission(row.id), names::ORIGINAL);
        match self.objects.open_sealed(&names::original(row.id), key.raw().bytes(), &context).await {
            Ok(original) => Ok(original.read(0..original.len()).await?),
            Err(objects::Error::NoSuchObject) => Err(Error::NoSuchUpload),
            Err(error) => Err(error.into()),
        }
    }

    async fn decode(&self, bytes: Bytes) -> Result<Photograph, Error> {
        let _turn = self.decoding.acquire().await.map_err(|_| Error::BrokeOff)?;
        let memory = self.config.decode_memory_bytes;
        // A file that makes the decoder give up is damaged, however it gives up.
        let decoded = tokio::task::spawn_blocking(move || photograph::take_in(&bytes, memory)).await;
        Ok(decoded.unwrap_or(Err(Unusable::Damaged))?)
    }

    async fn seal(&self, upload: UploadId, key: &Key, original: &[u8], photograph: &Photograph) -> Result<(), Error> {
        let (id, data_key) = (names::submission(upload), key.raw().bytes());
        let context = names::context(id, names::ORIGINAL);
        self.objects.keep_sealed(&names::original(upload), data_key, &context, original).await?;
        for (size, bytes) in [(Size::Full, &photograph.full), (Size::Large, &photograph.large), (Size::Small, &photograph.small)] {
            let context = names::context(id, size.name());
            self.objects.keep_sealed(&names::rendition(upload, size), data_key, &context, bytes).await?;
        }
        Ok(())
    }

    /// Keeps why, deletes what was sent.
    async fn refuse(&self, mut row: upload::Model, why: Unusable) -> Result<(), Error> {
        self.objects.delete(&names::incoming(row.id)).await?;
        let tx = self.db.begin_for("learning.refuse-upload", row.learner_id, Purpose::Education).await?;
        (row.refused, row.taken_until) = (rules::code(why), None);
        tx.update::<upload::Entity>(&mut row).await?;
        Ok(tx.commit().await?)
    }

    /// Nothing of a photograph that was not accepted stays sealed; the upload may be tried again if it is still there.
    async fn give_back(&self, row: upload::Model) {
        // The lease ends by itself, and the sweep removes what is left.
        if let Err(error) = self.try_give_back(row).await {
            tracing::warn!(%error, "an upload could not be given back");
        }
    }

    async fn try_give_back(&self, mut row: upload::Model) -> Result<(), Error> {
        match self.db.begin_for("learning.look-after-upload", row.learner_id, Purpose::Education).await {
            // A commit whose answer was lost holds this person's lock: once we have it, what was decided is there to see.
            Ok(tx) if own(&tx, row.learner_id, names::submission(row.id)).await?.is_some() => return Ok(()),
            Ok(_) | Err(personal_data::Error::Erased) => {}
            Err(error) => return Err(error.into()),
        }
        for key in names::sealed(row.id) {
            self.objects.delete(&key).await?;
        }
        let tx = self.db.begin_for("learning.give-upload-back", row.learner_id, Purpose::Education).await?;
        row.taken_until = None;
        tx.update::<upload::Entity>(&mut row).await?;
        Ok(tx.commit().await?)
    }
}
