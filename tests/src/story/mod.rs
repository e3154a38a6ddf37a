//! The story, chapter by chapter.

mod answers;
mod broken;
mod browser;
mod call;
mod chapters;
mod outside;
mod people;
mod photograph;
mod surroundings;
mod teller;

use std::process::ExitCode;

use broken::Broken;
use outside::Outside;
use photograph::Photograph;
use surroundings::Surroundings;
use teller::Teller;

/// Tells it all; a broken step has said what broke.
pub async fn tell() -> ExitCode {
    let surroundings = Surroundings::of_environment();
    let photograph = match Photograph::find(surroundings.corpus.as_deref()) {
        Ok(photograph) => photograph,
        Err(broken) => return Teller::cannot_begin(&broken),
    };
    let mut teller = match Outside::try_new(&surroundings) {
        Ok(outside) => Teller::new(outside, surroundings.traces.clone()),
        Err(broken) => return Teller::cannot_begin(&broken),
    };
    teller.begins(&surroundings.url, &photograph.origin);
    let told = chapters::tell(&mut teller, &photograph).await;
    teller.ends(told)
}
