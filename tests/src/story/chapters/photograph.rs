//! A photograph is sent in, and loses what it tells of its place.

use http::Method;
use serde_json::json;

use super::{Broken, Course, Photograph, Teller};
use crate::story::{
    call::{key, member},
    people::Person,
    photograph::tells_only_pixels,
};

/// A photograph that was sent in, and what its learner wrote.
pub struct Sent {
    pub id: String,
    pub note: String,
    /// Criteria of the assignment's rubric, each with the points of its best level.
    pub rubric: Vec<(String, u64)>,
}

pub async fn sent_in(teller: &mut Teller, learner: &Person, course: &Course, photograph: &Photograph) -> Result<Sent, Broken> {
    let rubric = teller
        .step("She reads the assignment and its rubric.", async |school| {
            let task = school.get(format!("/v1/assignments/{}?language=en", course.assignment)).by(learner).ok().await?;
            task.text("/task")?;
            let best = |criterion: &serde_json::Value| {
                let levels = criterion["levels"].as_array().into_iter().flatten();
                levels.filter_map(|level| level["points"].as_u64()).max().unwrap_or_default()
            };
            Ok(task
                .list("/criteria")
                .iter()
                .map(|criterion| (member(criterion, "criterionId").to_owned(), best(criterion)))
                .collect::<Vec<_>>())
        })
        .await?;
    let bytes = photograph.bytes.clone();
    let upload = teller
        .step("She uploads a photograph whose Exif names a place, by a link for this one file.", async |school| {
            let ask = json!({ "assignmentId": course.assignment, "sizeBytes": bytes.len().to_string(), "idempotencyKey": key() });
            let upload = school.post("/v1/uploads", ask).by(learner).ok().await?;
            let mut put = school.call(Method::PUT, upload.text("/url")?);
            let mut typed = false;
            for header in upload.list("/headers") {
                let (name, value) = (member(header, "name").to_ascii_lowercase(), member(header, "value"));
                typed |= name == "content-type";
                // The client writes these itself.
                if name != "host" && name != "content-length" {
                    put = put.header(&name, value);
                }
            }
            let put = if typed { put.bare_body(bytes) } else { put.body("image/jpeg", bytes) };
            put.bytes().await?;
            upload.text("/uploadId")
        })
        .await?;
    let note = format!("The line of the shore begins below and ends at the light. {}", learner.last_name);
    let id = teller
        .step("She sends it in with a note.", async |school| {
            let ask = json!({ "uploadId": upload, "assignmentId": course.assignment, "note": note, "idempotencyKey": key() });
            let sent = school.post("/v1/submissions", ask).by(learner).ok().await?;
            sent.is("/state", "WAITING")?;
            sent.text("/submissionId")
        })
        .await?;
    teller
        .step("What she sees of it is a JPEG without Exif, XMP or place, in every size.", async |school| {
            let sent = school.get(format!("/v1/submissions/{id}")).by(learner).ok().await?;
            sent.is("/note", note.as_str())?;
            let sizes = sent.list("/renditionSizes");
            sent.check(!sizes.is_empty(), "there were to be renditions")?;
            for size in sizes {
                let rendition = school.get(format!("/v1/submissions/{id}/renditions/{size}")).by(learner).bytes().await?;
                tells_only_pixels(&format!("the rendition of {size} pixels"), &rendition)?;
            }
            Ok(())
        })
        .await?;
    Ok(Sent { id, note, rubric })
}
