//! What happens, in order.

mod account;
mod course;
mod desk;
mod door;
mod newsletter;
mod payment;
mod photograph;
mod review;
mod rights;

use super::{Broken, Photograph, Teller};

/// The course that is taken, by what the catalogue publishes of it.
pub struct Course {
    pub id: String,
    pub title: String,
    pub price: String,
    pub lessons: Vec<String>,
    pub tests: Vec<String>,
    pub assignment: String,
}

/// From the front door to the last trace.
pub async fn tell(teller: &mut Teller, photograph: &Photograph) -> Result<(), Broken> {
    let course = door::opens(teller).await?;
    let aigerim = account::opened(teller).await?;
    payment::enrols(teller, &aigerim, &course).await?;
    course::taken(teller, &aigerim, &course).await?;
    let submission = photograph::sent_in(teller, &aigerim, &course, photograph).await?;
    let (instructor, timur) = review::given(teller, &aigerim, &course, &submission).await?;
    let certificate = course::completed(teller, &aigerim, &course).await?;
    desk::answers(teller).await?;
    newsletter::read_and_ended(teller, &aigerim).await?;
    let people = rights::People { aigerim: &aigerim, timur: &timur, instructor: &instructor };
    rights::used(teller, people, &submission, &certificate, photograph).await
}
