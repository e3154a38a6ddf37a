//! Photographs: sent in, and what is none refused.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Method;
use image::{ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use serde_json::{Value, json};
use testkit::{Answer, Person};

use super::{course::Course, key, text};
use crate::{
    asking::{get, post, raw},
    process::School,
};

/// The submission's identifier.
pub async fn sent_in(school: &School, learner: &Person, course: &Course) -> Result<String> {
    let answer = send(school, learner, course, shore()?).await?;
    ensure!(answer.status.is_success(), "the photograph was to be taken in: {}", answer.json());
    let id = text(&answer.json(), "submissionId");
    let shown = school.told(get(format!("/v1/submissions/{id}")).by(&learner.access_token)).await?;
    for size in shown["renditionSizes"].as_array().into_iter().flatten() {
        let rendition = get(format!("/v1/submissions/{id}/renditions/{size}")).by(&learner.access_token);
        let rendition = school.ask(&rendition).await?.answer;
        ensure!(rendition.status.is_success() && rendition.body.starts_with(&[0xFF, 0xD8]), "the rendition of {size} is a JPEG");
    }
    Ok(id)
}

pub async fn refused(school: &School, learner: &Person, course: &Course) -> Result<()> {
    let answer = send(school, learner, course, Bytes::from_static(b"A letter is no photograph, however it is called.")).await?;
    ensure!(answer.status.is_client_error(), "a letter was to be refused: {}", answer.json());
    Ok(())
}

async fn send(school: &School, learner: &Person, course: &Course, bytes: Bytes) -> Result<Answer> {
    let ask = json!({ "assignmentId": course.assignment, "sizeBytes": bytes.len().to_string(), "idempotencyKey": key() });
    let prepare = post("/v1/uploads", ask).by(&learner.access_token);
    let upload = school.told(prepare).await?;
    school.told(put(&upload, bytes)).await?;
    let ask = json!({ "uploadId": upload["uploadId"], "assignmentId": course.assignment, "note": "Calm water.", "idempotencyKey": key() });
    Ok(school.ask(&post("/v1/submissions", ask).by(&learner.access_token)).await?.answer)
}

fn put(upload: &Value, bytes: Bytes) -> crate::asking::Ask {
    let named =
        upload["headers"].as_array().into_iter().flatten().map(|header| (text(header, "name").to_lowercase(), text(header, "value")));
    let mut headers: BTreeMap<_, _> = named.collect();
    // The client writes these itself.
    headers.retain(|name, _| name != "host" && name != "content-length");
    let put = raw(Method::PUT, text(upload, "url"), bytes);
    headers.iter().fold(put, |put, (name, value)| put.with(name, value))
}

/// A shore at dusk.
fn shore() -> Result<Bytes> {
    let (width, height) = (640, 480);
    let shore = RgbImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(255 * (height - y) / height).unwrap_or(u8::MAX);
        if x * height > (height - y) * width { Rgb([light / 2, light / 3 + 40, 200 - light / 4]) } else { Rgb([250, 220, 160]) }
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 85).write_image(&shore, width, height, image::ExtendedColorType::Rgb8)?;
    Ok(jpeg.into())
}
