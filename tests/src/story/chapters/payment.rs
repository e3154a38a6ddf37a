//! The course is ordered and paid; it opens by itself.

use serde_json::json;

use super::{Broken, Course, Teller};
use crate::story::{
    browser,
    call::{key, member},
    people::Person,
};

pub async fn enrols(teller: &mut Teller, learner: &Person, course: &Course) -> Result<(), Broken> {
    teller
        .step("Before she has paid, there is no lesson for her.", async |school| {
            school.get(format!("/v1/lessons/{}", course.lessons[0])).by(learner).refused(404, "NO_SUCH_LESSON").await
        })
        .await?;
    let (order, page) = teller
        .step("She orders the course; the same key again is the same order.", async |school| {
            let ask = json!({ "courseId": course.id, "idempotencyKey": key() });
            let order = school.post("/v1/orders", ask.clone()).by(learner).ok().await?;
            order.is("/amountMinor", course.price.as_str())?;
            order.is("/state", "PENDING")?;
            let again = school.post("/v1/orders", ask).by(learner).ok().await?;
            again.is("/orderId", order.text("/orderId")?)?;
            Ok((order.text("/orderId")?, order.text("/paymentUrl")?))
        })
        .await?;
    teller.step("She pays with a test card on the payment partner's own page.", async |school| browser::pay(school, &page).await).await?;
    teller
        .step("The partner tells the school: the order is paid and has a receipt number.", async |school| {
            let paid = school
                .until("the order to be paid", async || {
                    let order = school.get(format!("/v1/orders/{order}")).by(learner).ok().await?;
                    Ok((order.json()["state"] == "PAID").then_some(order))
                })
                .await?;
            paid.text("/receiptNumber").map(drop)
        })
        .await?;
    teller
        .step("The course opens by itself, and an instructor is found.", async |school| {
            school
                .until("the enrolment", async || {
                    let mine = school.get("/v1/me/enrolments?language=en").by(learner).ok().await?;
                    let mut open = mine.list("/enrolments").iter().filter(|enrolment| enrolment["state"] == "OPEN");
                    Ok(open.any(|enrolment| member(enrolment, "courseId") == course.id && enrolment["hasInstructor"] == true).then_some(()))
                })
                .await
        })
        .await?;
    teller
        .step("Mails tell her of the payment and of the open course.", async |school| {
            school.mailed_with(&learner.email, "Subject: Your payment has arrived").await?;
            school.mailed_with(&learner.email, "Subject: Your course is open").await
        })
        .await
}
