//! P12: a work is shown to whom its learner agreed to show it, and only while they do.

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Course, Person, School, key, school, until};

use crate::{photographs, promises::learning::graduates};

/// A learner with a work that their instructor has answered.
async fn reviewed(school: &School, marker: &str) -> (Person, Course, String) {
    let (course, learner) = (school.course().await, school.learner().await);
    school.enrols(&learner, &course).await;
    let work = school.sends_in(&learner, &course, photographs::jpeg(marker), marker).await;
    let instructor = school.staff("INSTRUCTOR").await;
    school.answers(&instructor, &learner, &course, &work, marker).await.ok();
    (learner, course, work)
}

/// The consent for an audience as it is published now.
async fn consent(school: &School, audience: &str) -> Value {
    let text = school.client.get(&format!("/v1/publication-consents/{audience}?language=en"), None).await.unwrap().ok();
    json!({ "textVersion": text["textVersion"], "textHash": text["textHash"], "language": "en" })
}

async fn ask(school: &School, audience: &str, title: &str) -> Value {
    json!({
        "audience": audience, "title": title, "recognisablePeople": 0,
        "consent": consent(school, audience).await, "idempotencyKey": key(),
    })
}

async fn publishes(school: &School, learner: &Person, work: &str, ask: Value) -> Answer {
    school.client.post(&format!("/v1/submissions/{work}:publish"), Some(&learner.access_token), ask).await.unwrap()
}

/// Publishes and waits until the ledger has the consent: the publication's identifier.
async fn shows(school: &School, learner: &Person, work: &str, audience: &str, title: &str) -> String {
    let published = publishes(school, learner, work, ask(school, audience, title).await).await.ok();
    assert_eq!(published["state"], "WAITING", "nobody is shown it before the consent is recorded: {published}");
    is_shown(school, learner, published["publicationId"].as_str().unwrap()).await
}

async fn is_shown(school: &School, learner: &Person, id: &str) -> String {
    until("the publication to be shown", || async {
        mine(school, learner).await.into_iter().any(|it| it["publicationId"] == id && it["state"] == "SHOWN").then_some(())
    })
    .await;
    id.to_owned()
}

async fn mine(school: &School, learner: &Person) -> Vec<Value> {
    let mine = school.client.get("/v1/me/publications", Some(&learner.access_token)).await.unwrap().ok();
    mine["publications"].as_array().cloned().unwrap_or_default()
}

async fn takes_back(school: &School, learner: &Person, id: &str) {
    school.client.delete(&format!("/v1/me/publications/{id}"), Some(&learner.access_token)).await.unwrap().ok();
}

async fn consents(school: &School, learner: &Person, id: &str) -> Vec<Value> {
    let mine = school.client.get("/v1/me/consents", Some(&learner.access_token)).await.unwrap().ok();
    let all = mine["consents"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|it| it["purpose"] == "PUBLICATION" && it["aboutId"] == id).collect()
}

/// Everything under which a public work can be looked at.
fn looks(id: &str) -> [String; 4] {
    [format!("/works/{id}"), format!("/v1/works/{id}"), format!("/v1/works/{id}/renditions/512"), format!("/v1/works/{id}/renditions/2048")]
}

#[track_caller]
fn is_gone(answer: &Answer, what: &str) {
    assert_eq!(answer.status.as_u16(), 404, "{what}: {}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
}

async fn is_gone_everywhere(school: &School, id: &str) {
    for path in looks(id) {
        is_gone(&school.client.get(&path, None).await.unwrap(), &path);
    }
}

#[tokio::test]
async fn p12_confidential_until_its_learner_publishes_it_and_then_but_for_what_they_publish() {
    let school = school();
    let (marker, title) = (format!("Marker{}", key().replace('-', "")), format!("Dawn {}", &key()[..8]));
    let (learner, course, work) = reviewed(school, &marker).await;
    let peer = school.learner().await;
    school.enrols(&peer, &course).await;
    is_gone_everywhere(school, &work).await;
    let id = shows(school, &learner, &work, "PUBLIC", &title).await;

    // What everybody sees: the photograph, its title and its course; no name, note, feedback or result.
    let page = school.client.get(&format!("/works/{id}"), None).await.unwrap();
    let csp = page.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(csp.contains("default-src 'none'") && csp.contains("img-src 'self'") && !csp.contains("script"), "{csp}");
    assert_eq!(page.headers["cache-control"], "no-store");
    let page = String::from_utf8(page.ok_bytes().to_vec()).unwrap();
    let told = school.client.get(&format!("/v1/works/{id}"), None).await.unwrap().ok();
    assert_eq!(told["title"], title.as_str());
    for shown in [page, told.to_string()] {
        assert!(shown.contains(&title), "{shown}");
        for hidden in [&marker, &learner.last_name, &learner.first_name, &learner.email, &learner.id, &work] {
            assert!(!shown.contains(hidden.as_str()), "{hidden} in {shown}");
        }
    }
    for size in ["512", "2048"] {
        let picture = school.client.get(&format!("/v1/works/{id}/renditions/{size}"), None).await.unwrap();
        assert_eq!(
            (picture.headers["content-type"].to_str().unwrap(), &picture.headers["cache-control"]),
            ("image/jpeg", &"no-store".parse().unwrap())
        );
        assert!(photographs::tells_only_pixels(&picture.ok_bytes()), "the rendition has metadata");
    }

    // Nothing else of the work has opened, to nobody.
    let (support, analyst) = (school.staff("SUPPORT").await, school.staff("ANALYST").await);
    let foreign = school.learner().await;
    let foreign = school.appoints(foreign, "INSTRUCTOR").await;
    for other in [&peer, &support, &analyst, &foreign] {
        for path in [format!("/v1/submissions/{work}"), format!("/v1/submissions/{work}/renditions/512")] {
            assert_eq!(school.client.get(&path, Some(&other.access_token)).await.unwrap().refused().status, 404, "{path}");
        }
        let original = format!("/v1/teaching/submissions/{work}/original");
        let refused = school.client.get(&original, Some(&other.access_token)).await.unwrap().refused();
        assert!(["WRONG_ROLE", "NO_TIE"].contains(&refused.reason().as_str()), "{}", refused.reason());
        assert!(mine(school, other).await.is_empty());
        let taken = school.client.delete(&format!("/v1/me/publications/{id}"), Some(&other.access_token)).await.unwrap();
        assert!(taken.status.is_success(), "unknown and not mine are the same");
    }
    let listed = school.client.get(&format!("/v1/courses/{}/works", course.id), Some(&peer.access_token)).await.unwrap().ok();
    assert!(!listed.to_string().contains(&id), "who was shown it by its address is not who takes the course: {listed}");
    let reports = school.client.get("/v1/reports/popular-topics", Some(&analyst.access_token)).await.unwrap();
    assert!(!String::from_utf8_lossy(&reports.body).contains(&title), "statistics show no work");
    for person in [&learner, &peer] {
        let mails = school.mail.to(&person.email);
        assert!(mails.iter().all(|mail| !mail.contains(&title) && !mail.contains(&marker)), "mails show no work");
    }
    school.client.get(&format!("/v1/works/{id}"), None).await.unwrap().ok();

    // The consent is in the ledger with its text, and every look is in the learner's log.
    let recorded = consents(school, &learner, &id).await;
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    assert_eq!(recorded[0]["textHash"], consent(school, "PUBLIC").await["textHash"]);
    until("the looks to be in the learner's log", || async {
        let log = school.client.get("/v1/me/accesses?pageSize=100", Some(&learner.access_token)).await.unwrap().ok();
        let seen = |it: &Value| it["method"].as_str().unwrap_or_default().contains("GetPublishedWork") && it["purpose"] == "PUBLICATION";
        log["accesses"].as_array().is_some_and(|all| all.iter().any(seen)).then_some(())
    })
    .await;
    assert_eq!(testkit::markers::find(school, &[title]).await, Vec::<String>::new(), "whoever has the disk does not read its title");
}

#[tokio::test]
async fn p12_confidential_to_its_course_when_that_is_whom_it_is_shown_to() {
    let school = school();
    let title = format!("Ridge {}", &key()[..8]);
    let (learner, course, work) = reviewed(school, &title).await;
    let mut named = ask(school, "COURSE", &title).await;
    named["signedAs"] = "A. B.".into();
    let id = publishes(school, &learner, &work, named).await.ok()["publicationId"].as_str().unwrap().to_owned();
    is_shown(school, &learner, &id).await;
    let (list, picture) = (format!("/v1/courses/{}/works", course.id), format!("/v1/courses/{}/works/{id}/renditions/512", course.id));

    let peer = school.learner().await;
    assert_eq!(school.client.get(&list, Some(&peer.access_token)).await.unwrap().refused().reason(), "NO_SUCH_COURSE");
    school.enrols(&peer, &course).await;
    let shown = school.client.get(&list, Some(&peer.access_token)).await.unwrap().ok();
    let shown =
        shown["works"].as_array().unwrap().iter().find(|it| it["publicationId"] == id.as_str()).cloned().expect("peers are shown it");
    assert_eq!((&shown["title"], &shown["signedAs"]), (&json!(title), &json!("A. B.")));
    assert!(photographs::tells_only_pixels(&school.client.get(&picture, Some(&peer.access_token)).await.unwrap().ok_bytes()));

    let stranger = school.learner().await;
    let mut others = vec![stranger];
    for role in ["INSTRUCTOR", "SUPPORT", "ANALYST", "PRIVACY_OFFICER", "ADMINISTRATOR"] {
        others.push(school.staff(role).await);
    }
    for other in &others {
        for path in [&list, &picture] {
            let refused = school.client.get(path, Some(&other.access_token)).await.unwrap().refused();
            assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, "NO_SUCH_COURSE"), "{path}");
        }
    }
    for path in [&list, &picture] {
        assert_eq!(school.client.get(path, None).await.unwrap().refused().status, 401);
    }
    is_gone_everywhere(school, &id).await;

    takes_back(school, &learner, &id).await;
    let left = school.client.get(&list, Some(&peer.access_token)).await.unwrap().ok();
    assert!(!left.to_string().contains(&id), "{left}");
    assert_eq!(school.client.get(&picture, Some(&peer.access_token)).await.unwrap().refused().reason(), "NO_SUCH_WORK");
}

#[tokio::test]
async fn p12_withdrawal_takes_the_work_down_at_once_and_everywhere() {
    let school = school();
    let (learner, course, work) = reviewed(school, "withdrawal").await;
    let public = shows(school, &learner, &work, "PUBLIC", "Taken back").await;
    let peers = shows(school, &learner, &work, "COURSE", "Stays").await;
    for path in looks(&public) {
        assert!(school.client.get(&path, None).await.unwrap().status.is_success(), "{path}");
    }
    takes_back(school, &learner, &public).await;
    is_gone_everywhere(school, &public).await;
    takes_back(school, &learner, &public).await;

    // The consent for the other audience stands, and so does what it lets be shown.
    until("the withdrawal to be in the ledger", || async {
        consents(school, &learner, &public).await.first().is_some_and(|it| !it["withdrawnAt"].is_null()).then_some(())
    })
    .await;
    assert!(consents(school, &learner, &peers).await[0]["withdrawnAt"].is_null());
    let peer = school.learner().await;
    school.enrols(&peer, &course).await;
    let shown = school.client.get(&format!("/v1/courses/{}/works", course.id), Some(&peer.access_token)).await.unwrap().ok();
    assert!(shown.to_string().contains(&peers), "{shown}");

    // Who publishes it again has agreed again: it has another address.
    let again = shows(school, &learner, &work, "PUBLIC", "Again").await;
    assert_ne!(again, public);
    is_gone_everywhere(school, &public).await;
}

#[tokio::test]
async fn p12_withdrawal_reaches_what_still_waits() {
    let school = school();
    let (learner, _, work) = reviewed(school, "waits").await;
    for _ in 0..5 {
        let published = publishes(school, &learner, &work, ask(school, "PUBLIC", "Never seen").await).await.ok();
        let id = published["publicationId"].as_str().unwrap();
        takes_back(school, &learner, id).await;
        is_gone_everywhere(school, id).await;
        // The ledger hears of both, in whatever order; then it is still not shown.
        until("consent and withdrawal to be in the ledger", || async {
            consents(school, &learner, id).await.first().is_some_and(|it| !it["withdrawnAt"].is_null()).then_some(())
        })
        .await;
        is_gone_everywhere(school, id).await;
    }
    assert!(mine(school, &learner).await.is_empty());
}

#[tokio::test]
async fn p12_withdrawal_of_the_purpose_takes_down_every_work() {
    let school = school();
    let (learner, _, work) = reviewed(school, "purpose").await;
    let id = shows(school, &learner, &work, "PUBLIC", "Shown for a while").await;
    let token = Some(learner.access_token.as_str());
    school.client.post("/v1/me/withdrawals", token, json!({ "purpose": "PUBLICATION" })).await.unwrap().ok();
    until("the work to be gone", || async {
        (school.client.get(&format!("/v1/works/{id}"), None).await.unwrap().status.as_u16() == 404).then_some(())
    })
    .await;
    is_gone_everywhere(school, &id).await;
    until("its row to be gone", || async { mine(school, &learner).await.is_empty().then_some(()) }).await;
    let refused = publishes(school, &learner, &work, ask(school, "PUBLIC", "Not now").await).await.refused();
    assert_eq!(refused.reason(), "CONSENT_WITHDRAWN", "{}", refused.json());

    // Agreeing again as a whole brings no work back: each needs its own consent anew.
    let policy = school.client.get("/v1/policy?language=en", None).await.unwrap().ok();
    let again = json!({
        "purpose": "PUBLICATION", "textVersion": policy["version"], "textHash": policy["registrationConsentHash"], "language": "en",
    });
    school.client.post("/v1/me/withdrawals:undo", token, again).await.unwrap().ok();
    let anew = until("publishing to be possible again", || async {
        let published = publishes(school, &learner, &work, ask(school, "PUBLIC", "Anew").await).await;
        published.status.is_success().then(|| published.ok()["publicationId"].as_str().unwrap().to_owned())
    })
    .await;
    is_shown(school, &learner, &anew).await;
    is_gone_everywhere(school, &id).await;
}

#[tokio::test]
async fn p12_confidential_while_its_learner_is_restricted_and_after_they_are_erased() {
    let school = school();
    let (learner, _, work) = reviewed(school, "restricted").await;
    let id = shows(school, &learner, &work, "PUBLIC", "On and off").await;
    let look = format!("/v1/works/{id}");
    let shown = async |shown: bool| {
        until("the work to follow its learner's state", || async {
            (school.client.get(&look, None).await.unwrap().status.is_success() == shown).then_some(())
        })
        .await;
    };
    school.client.post("/v1/me/restriction", Some(&learner.access_token), json!({})).await.unwrap().ok();
    shown(false).await;
    is_gone_everywhere(school, &id).await;
    assert_eq!(mine(school, &learner).await.len(), 1, "their own data is still theirs to see");
    let refused = publishes(school, &learner, &work, ask(school, "COURSE", "Not now").await).await.refused();
    assert_eq!(refused.reason(), "PROCESSING_RESTRICTED", "{}", refused.json());
    school.client.post("/v1/me/restriction:lift", Some(&learner.access_token), json!({})).await.unwrap().ok();
    shown(true).await;

    let learner = school.signs_in(learner).await;
    school.client.post("/v1/me/erasure", Some(&learner.access_token), json!({ "idempotencyKey": key() })).await.unwrap().ok();
    shown(false).await;
    is_gone_everywhere(school, &id).await;
}

#[tokio::test]
async fn p12_confidential_is_a_certificate_but_for_what_its_holder_shows() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    graduates(school, &learner, &course).await;
    let certificates = until("the certificate", || async {
        let mine = school.client.get("/v1/me/certificates", Some(&learner.access_token)).await.unwrap().ok();
        mine["certificates"].as_array().filter(|all| !all.is_empty()).cloned()
    })
    .await;
    let (number, certificate) = (certificates[0]["number"].as_str().unwrap(), certificates[0]["certificateId"].as_str().unwrap());
    let check = format!("/v1/certificates/{number}?language=en");
    let told = school.client.get(&check, None).await.unwrap().ok();
    assert_eq!(told, json!({ "number": number }), "that it is genuine, and nothing else");

    let name = format!("{} B.", learner.first_name);
    let ask = json!({ "signedAs": name, "consent": consent(school, "CERTIFICATE_PAGE").await, "idempotencyKey": key() });
    let path = format!("/v1/me/certificates/{certificate}:publish");
    let other = school.learner().await;
    let refused = school.client.post(&path, Some(&other.access_token), ask.clone()).await.unwrap().refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, "NO_SUCH_CERTIFICATE"));
    let published = school.client.post(&path, Some(&learner.access_token), ask).await.unwrap().ok();
    let id = is_shown(school, &learner, published["publicationId"].as_str().unwrap()).await;
    let told = school.client.get(&check, None).await.unwrap().ok();
    assert_eq!((&told["courseTitle"], &told["signedAs"]), (&json!(course.title), &json!(name)));
    let page = school.client.get(&format!("/certificates/{number}"), None).await.unwrap().ok_bytes();
    assert!(String::from_utf8_lossy(&page).contains(&name));

    takes_back(school, &learner, &id).await;
    assert_eq!(school.client.get(&check, None).await.unwrap().ok(), json!({ "number": number }));
}

#[tokio::test]
async fn what_is_not_to_be_published_is_refused_by_what_is_wrong_with_it() {
    let school = school();
    let (learner, course, work) = reviewed(school, "bad").await;
    let good = ask(school, "PUBLIC", "Good").await;
    let with = |name: &str, value: Value| {
        let mut ask = good.clone();
        ask[name] = value;
        ask["idempotencyKey"] = key().into();
        ask
    };
    let without = |name: &str| {
        let mut ask = with(name, Value::Null);
        ask.as_object_mut().unwrap().remove(name);
        ask
    };
    let mut stale = good["consent"].clone();
    stale["textHash"] = "0".repeat(64).into();
    let of_the_course = consent(school, "COURSE").await;
    let portrait = |day: &str| json!([{ "givenOn": day, "form": "WRITTEN" }]);
    let mut shown = with("recognisablePeople", json!(1));
    shown["portraitConsents"] = portrait("2999-01-01");
    for (what, ask, reason) in [
        ("no audience", without("audience"), "NO_SUCH_AUDIENCE"),
        ("the audience of certificates", with("audience", json!("CERTIFICATE_PAGE")), "NO_SUCH_AUDIENCE"),
        ("no title", without("title"), "INVALID_TITLE"),
        ("a title of two lines", with("title", json!("a\nb")), "INVALID_TITLE"),
        ("a long title", with("title", json!("x".repeat(121))), "INVALID_TITLE"),
        ("a long name", with("signedAs", json!("x".repeat(81))), "INVALID_NAME"),
        ("nothing said of people", without("recognisablePeople"), "PEOPLE_NOT_SAID"),
        ("somebody who was not asked", with("recognisablePeople", json!(1)), "PORTRAIT_CONSENT_MISSING"),
        ("somebody who is not on it", with("portraitConsents", portrait("2026-01-01")), "PORTRAIT_CONSENT_MISSING"),
        ("a consent that is to come", shown, "INVALID_PORTRAIT_CONSENT"),
        ("no consent", without("consent"), "STALE_CONSENT_TEXT"),
        ("consent to another text", with("consent", stale), "STALE_CONSENT_TEXT"),
        ("consent to another audience", with("consent", of_the_course), "STALE_CONSENT_TEXT"),
        ("no key", with("idempotencyKey", json!("")), "INVALID_IDEMPOTENCY_KEY"),
    ] {
        let mut ask = ask;
        if what == "no key" {
            ask["idempotencyKey"] = "".into();
        }
        let refused = publishes(school, &learner, &work, ask).await.refused();
        assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (400, reason), "{what}: {}", refused.json());
    }
    let other = school.learner().await;
    let refused = publishes(school, &other, &work, good.clone()).await.refused();
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (404, "NO_SUCH_SUBMISSION"));
    school.enrols(&other, &course).await;
    let waiting = school.sends_in(&other, &course, photographs::jpeg("waiting"), "not answered").await;
    assert_eq!(publishes(school, &other, &waiting, good.clone()).await.refused().reason(), "NOT_REVIEWED");

    // The same key is the same publication; another one is a second, which there is not.
    let mut people = good.clone();
    people["recognisablePeople"] = 1.into();
    people["portraitConsents"] = portrait("2026-01-01");
    let first = publishes(school, &learner, &work, people.clone()).await.ok();
    let again = publishes(school, &learner, &work, people).await.ok();
    assert_eq!(first["publicationId"], again["publicationId"]);
    let refused = publishes(school, &learner, &work, with("title", json!("Other"))).await.refused();
    assert_eq!(refused.reason(), "ALREADY_PUBLISHED", "{}", refused.json());
    let changed = publishes(school, &learner, &work, {
        let mut it = good.clone();
        it["title"] = "Changed".into();
        it
    })
    .await;
    assert!(!changed.status.is_success());

    for id in ["x", "%00", "00000000-0000-4000-8000-000000000000"] {
        for method in [Method::GET, Method::HEAD] {
            let status = school.client.send(method, &format!("/works/{id}"), &[], bytes::Bytes::new()).await.unwrap().status;
            assert_eq!(status, 404, "/works/{id}");
        }
    }
    let id = is_shown(school, &learner, first["publicationId"].as_str().unwrap()).await;
    for size in ["0", "100", "4294967808"] {
        assert_eq!(school.client.get(&format!("/v1/works/{id}/renditions/{size}"), None).await.unwrap().refused().status, 400, "{size}");
    }
    let refused =
        school.client.get(&format!("/v1/courses/{}/works?pageToken=nonsense", course.id), Some(&learner.access_token)).await.unwrap();
    assert_eq!(refused.refused().reason(), "INVALID_PAGE_TOKEN");
}
