use std::{sync::Arc, time::Duration, collections::HashMap, sync::Mutex};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ::contract::{Event, Role, payment, identity::v1 as id, keyring::v1 as kr, learning::v1 as le, privacy::v1 as pr, communication::v1 as pb};
use ed25519_dalek::{Signer, SigningKey};
use foundation::{Clock, Mode, PersonId, reason_of};
use personal_data::{AccessRecorder, Db, Entry, Holds, keys::Keys};
use service::{CancellationToken, Claims, Engines, Settings, Ties, stack::{StackParts, around}, settings::Environment, token::AUDIENCE};
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status, service::Routes};
use crate::{mail::{Composer, Postman, Texts}, newsletter::Newsletter, tickets::{ContactForm, Desk, Tickets}, transfers::Register, migrations::Migrations};

struct Rec; 
#[async_trait::async_trait] impl AccessRecorder for Rec { async fn record(&self, e: Vec<Entry>) -> Result<(), personal_data::Error> { for e in e { println!("LOG {} {:?} {:?} {:?} {:?}", e.method, e.actor, e.subject, e.categories, e.decision); } Ok(()) } }

#[derive(Default, Clone)] struct Kr(Arc<Mutex<HashMap<String, uuid::Uuid>>>);
#[tonic::async_trait] impl kr::keyring_server::Keyring for Kr {
 async fn create_key(&self, r: Request<kr::CreateKeyRequest>) -> Result<Response<kr::CreateKeyResponse>, Status> { println!("CREATE {}", r.get_ref().person_id); Ok(Response::new(Default::default())) }
 async fn lease(&self, r: Request<kr::LeaseRequest>) -> Result<Response<kr::LeaseResponse>, Status> {
  let by = service::caller(&r)?; let r = r.into_inner(); by.acts_on_each(&r.person_ids.iter().map(|p| p.parse().unwrap()).collect::<Vec<_>>()).await?;
  let caller_ok = ::contract::Contract::get().may("communication", r.category(), r.purpose()); assert!(caller_ok);
  Ok(Response::new(kr::LeaseResponse { keys: r.person_ids.iter().map(|p| kr::LeasedKey { person_id: p.clone(), refusal: 0, key: Sha256::digest(format!("{p}{}", r.category)).to_vec(), key_version: 1, expires_at: Some(Clock::system(Mode::Development).now().plus(Duration::from_secs(300)).to_proto()), ..Default::default() }).collect() })) }
 async fn handles(&self, r: Request<kr::HandlesRequest>) -> Result<Response<kr::HandlesResponse>, Status> { service::caller(&r)?.acts_on_nobody(); Ok(Response::new(kr::HandlesResponse { handles: r.get_ref().person_ids.iter().map(|p| kr::Handle { person_id: p.clone(), handle: uuid::Uuid::new_v4().to_string() }).collect() })) }
 async fn index_key(&self, _: Request<kr::IndexKeyRequest>) -> Result<Response<kr::IndexKeyResponse>, Status> { Ok(Response::new(kr::IndexKeyResponse { key: vec![9; 32] })) }
 async fn witness(&self, _: Request<kr::WitnessRequest>) -> Result<Response<kr::WitnessResponse>, Status> { unreachable!() }
 async fn list_handles(&self, _: Request<kr::ListHandlesRequest>) -> Result<Response<kr::ListHandlesResponse>, Status> { unreachable!() }
 async fn set_state(&self, _: Request<kr::SetStateRequest>) -> Result<Response<kr::SetStateResponse>, Status> { unreachable!() }
 async fn destroy_key(&self, _: Request<kr::DestroyKeyRequest>) -> Result<Response<kr::DestroyKeyResponse>, Status> { unreachable!() }
}
#[derive(Clone)] struct Ident;
#[tonic::async_trait] impl id::contacts_server::Contacts for Ident {
 async fn resolve_for_mail(&self, r: Request<id::ResolveForMailRequest>) -> Result<Response<id::MailContact>, Status> { let r=r.into_inner(); Ok(Response::new(id::MailContact { email: format!("p-{}@example.kz", &r.person_id[..8]), first_name: "Айгүл".into(), language: "kk".into(), link_token: if r.link_id.is_empty() { String::new() } else { format!("tok-{}", r.link_id) }, ..Default::default() })) } }
#[tonic::async_trait] impl id::signing_keys_server::SigningKeys for Ident {
 async fn list_signing_keys(&self, _: Request<id::ListSigningKeysRequest>) -> Result<Response<id::ListSigningKeysResponse>, Status> { Ok(Response::new(id::ListSigningKeysResponse { keys: vec![id::SigningKey { key_id: "first".into(), public_key: key().verifying_key().to_bytes().to_vec() }] })) } }
#[tonic::async_trait] impl le::catalogue_server::Catalogue for Ident {
 async fn list_courses(&self, _: Request<le::ListCoursesRequest>) -> Result<Response<le::ListCoursesResponse>, Status> { unreachable!() }
 async fn get_course(&self, r: Request<le::GetCourseRequest>) -> Result<Response<le::Course>, Status> { Ok(Response::new(le::Course { title: format!("Course {}", r.get_ref().language), ..Default::default() })) } }
#[tonic::async_trait] impl pr::policies_server::Policies for Ident {
 async fn get_policy(&self, r: Request<pr::GetPolicyRequest>) -> Result<Response<pr::Policy>, Status> { Ok(Response::new(pr::Policy { language: r.get_ref().language.clone(), version: "1".into(), hash: "h".into(), ..Default::default() })) } }
fn key() -> SigningKey { SigningKey::from_bytes(&[7; 32]) }
fn token(person: PersonId, roles: &[Role], clock: &Clock) -> String {
 let now = clock.now().seconds();
 let claims = Claims { sub: person, sid: uuid::Uuid::new_v4(), roles: roles.iter().map(|r| *r as i32).collect(), iat: now, exp: now+300, auth_time: now, aud: AUDIENCE.into(), iss: "kolsai".into() };
 let body = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"JWT","kid":"first"}"#), URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap()));
 format!("{body}.{}", URL_SAFE_NO_PAD.encode(key().sign(body.as_bytes()).to_bytes()))
}
fn req<T>(t: T, tok: &str) -> Request<T> { let mut r = Request::new(t); if !tok.is_empty() { r.metadata_mut().insert("authorization", format!("Bearer {tok}").parse().unwrap()); } r }

async fn react<E: Event>(db: &Db, e: E) { let env = events::Envelope { id: uuid::Uuid::new_v4(), source: "x".into(), kind: E::TYPE.into(), payload: prost::Message::encode_to_vec(&e), traceparent: None, at: db.clock().now() };
 for r in crate::reactions::all(db) { if r.kind() == E::TYPE { println!("{} -> {:?}", r.name(), r.react(&env).await); } } }

#[tokio::test] async fn everything() {
 let dir = tempfile::tempdir().unwrap();
 let settings = Settings::load_from(&[crate::DEFAULTS], Environment::of([("KOLSAI_DATA".to_owned(), dir.path().join("d").to_str().unwrap().to_owned())])).unwrap();
 let engines = Engines::open(settings).await.unwrap();
 let config = crate::Config::of(engines.settings()).unwrap(); config.check().unwrap();
 let clock = engines.clock();
 let parts = |s: &'static str, ties: Option<Arc<dyn Ties>>| StackParts { service: s, clock: engines.clock(), verifier: engines.verifier(s), recorder: Some(Arc::new(Rec)), ties };
 let p = engines.peers();
 p.register("keyring", around(Routes::new(kr::keyring_server::KeyringServer::new(Kr::default())), parts("keyring", None))).unwrap();
 p.register("identity", around(Routes::new(id::contacts_server::ContactsServer::new(Ident)).add_service(id::signing_keys_server::SigningKeysServer::new(Ident)), parts("identity", None))).unwrap();
 p.register("learning", around(Routes::new(le::catalogue_server::CatalogueServer::new(Ident)), parts("learning", None))).unwrap();
 p.register("privacy", around(Routes::new(pr::policies_server::PoliciesServer::new(Ident)), parts("privacy", None))).unwrap();
 let _svc = { // full init on another data dir
   let d2 = tempfile::tempdir().unwrap();
   let s = Settings::load_from(&[crate::DEFAULTS], Environment::of([("KOLSAI_DATA".to_owned(), d2.path().join("d").to_str().unwrap().to_owned())])).unwrap();
   let e = Engines::open(s).await.unwrap(); crate::init(crate::Config::of(e.settings()).unwrap(), &e).await.unwrap() };
 let db = engines.database::<Migrations>("communication").await.unwrap();
 let eg = egress::Egress::try_new(egress::Config::new(Mode::Development, config.sink(engines.settings()).unwrap()), Arc::new(Register::new(db.clone())), engines.clock()).unwrap();
 let postman = Postman::new(db.clone(), eg.clone(), Composer::new(&db, &engines, Texts::try_new("Kolsai").unwrap(), config.sender.clone()));
 let news = Newsletter::new(&db, &engines); let desk = Desk::new(&db, &engines);
 let holds = Holds::of::<(crate::mail::rows::mail::Entity, crate::transfers::rows::transfer::Entity, crate::newsletter::rows::subscription::Entity, crate::newsletter::rows::issue::Entity, crate::tickets::rows::ticket::Entity, crate::tickets::rows::message::Entity)>("communication").and::<events::Tables>().with_objects("mail", Arc::new(crate::mail::held::Mailbox::new(eg.clone())));
 println!("undeclared {:?} drift {:?}", holds.undeclared(), holds.drift(&db).await.unwrap());
 p.register("communication", around(Routes::new(pb::newsletters_server::NewslettersServer::new(crate::newsletter::rpc::Newsletters(news.clone())))
   .add_service(pb::tickets_server::TicketsServer::new(crate::tickets::rpc::Tickets { tickets: Tickets::new(&db, &engines), contact: ContactForm::new(&db, &engines) }))
   .add_service(pb::support_desk_server::SupportDeskServer::new(crate::tickets::rpc::SupportDesk(desk.clone()))), parts("communication", Some(Arc::new(desk))))).unwrap();
 let t = || engines.transport("gateway", "communication");
 let (mut nc, mut tc, mut dc) = (pb::newsletters_client::NewslettersClient::new(t()), pb::tickets_client::TicketsClient::new(t()), pb::support_desk_client::SupportDeskClient::new(t()));
 let drain = async || { while postman.send_due().await.unwrap() > 0 {} };

 let (me, agent, agent2, admin) = (PersonId::new_v4(), PersonId::new_v4(), PersonId::new_v4(), PersonId::new_v4());
 let (tm, ta, ta2, tad) = (token(me, &[Role::Learner], &clock), token(agent, &[Role::Support], &clock), token(agent2, &[Role::Support], &clock), token(admin, &[Role::Administrator], &clock));
 let pid = me.to_string(); let u = || uuid::Uuid::new_v4().to_string();
 react(&db, id::LinkIssued { person_id: pid.clone(), link_id: u(), kind: 1, version: 1 }).await;
 react(&db, payment::v1::OrderPaid { person_id: pid.clone(), order_id: u(), course_id: u(), version: 1 }).await;
 react(&db, le::Enrolled { person_id: pid.clone(), enrolment_id: u(), course_id: u(), version: 1 }).await;
 react(&db, le::FeedbackGiven { learner_id: pid.clone(), feedback_id: u(), submission_id: u(), version: 1 }).await;
 react(&db, le::CertificateIssued { learner_id: pid.clone(), certificate_id: u(), course_id: u(), version: 1 }).await;
 drain().await;
 // tickets
 let k = pb::OpenTicketRequest { topic: 1, text: "Where is my course?".into(), idempotency_key: "k1".into(), ..Default::default() };
 let a = tc.open_ticket(req(k.clone(), &tm)).await.unwrap().into_inner(); let b = tc.open_ticket(req(k, &tm)).await.unwrap().into_inner();
 assert_eq!(a.ticket_id, b.ticket_id); assert_eq!(a.messages.len(), 1);
 let c = pb::ContactUsRequest { email: "Anon@Example.KZ".into(), name: "Anon".into(), language: "en".into(), topic: 1, text: "Hi {school}".into(), idempotency_key: "c1".into(), ..Default::default() };
 let c1 = tc.contact_us(req(c.clone(), "")).await; println!("CONTACT {c1:?}");
 if c1.is_ok() { let c2 = tc.contact_us(req(c.clone(), "")).await.unwrap().into_inner(); assert_eq!(c1.as_ref().unwrap().get_ref().ticket_id, c2.ticket_id); }
 for id in [&a.ticket_id].into_iter().chain(c1.as_ref().ok().map(|c| &c.get_ref().ticket_id)) {
  let r = dc.read_ticket(req(pb::ReadTicketRequest { ticket_id: id.clone() }, &ta)).await.unwrap_err(); assert_eq!(reason_of(&r).as_deref(), Some("NO_TIE"));
  let q = dc.list_queue(req(pb::ListQueueRequest { page_size: 1, ..Default::default() }, &ta)).await.unwrap().into_inner(); println!("{q:?}");
  if !q.next_page_token.is_empty() { let q2 = dc.list_queue(req(pb::ListQueueRequest { page_size: 1, page_token: q.next_page_token }, &ta)).await.unwrap().into_inner(); println!("NEXT {q2:?}"); }
  dc.take_ticket(req(pb::TakeTicketRequest { ticket_id: id.clone() }, &ta)).await.unwrap();
  println!("{:?}", dc.take_ticket(req(pb::TakeTicketRequest { ticket_id: id.clone() }, &ta2)).await.unwrap_err());
  let ans = pb::AnswerTicketRequest { ticket_id: id.clone(), text: "Here it is {link}.".into(), idempotency_key: "a".into(), ..Default::default() };
  dc.answer_ticket(req(ans.clone(), &ta)).await.unwrap(); 
  let again = dc.answer_ticket(req(ans, &ta)).await; println!("AGAIN {again:?}");
 }
 drain().await;
 let w = tc.write_on(req(pb::WriteOnRequest { ticket_id: a.ticket_id.clone(), text: "thanks".into(), idempotency_key: "w".into(), ..Default::default() }, &tm)).await.unwrap().into_inner(); println!("{w:?}"); assert_eq!(w.messages.len(), 3); assert_eq!(w.messages[1].text, "Here it is {link}.");
 dc.close_ticket(req(pb::CloseTicketRequest { ticket_id: a.ticket_id.clone() }, &ta)).await.unwrap();
 println!("{:?}", tc.get_ticket(req(pb::GetTicketRequest { ticket_id: a.ticket_id.clone() }, &ta2)).await.unwrap_err());
 assert_eq!(tc.list_my_tickets(req(pb::ListMyTicketsRequest {}, &tm)).await.unwrap().into_inner().tickets.len(), 1);
 // newsletter
 println!("{:?}", nc.subscribe(req(pb::SubscribeRequest { text_version: "0".into(), text_hash: "h".into(), language: "ru".into() }, &tm)).await.unwrap_err());
 for _ in 0..2 { assert!(nc.subscribe(req(pb::SubscribeRequest { text_version: "1".into(), text_hash: "h".into(), language: "ru".into() }, &tm)).await.unwrap().into_inner().subscribed); }
 let issue = |s: &str| pb::SendIssueRequest { texts: vec![pb::IssueText { language: "ru".into(), subject: s.into(), text: "Текст".into() }], idempotency_key: s.into() };
 println!("{:?}", nc.send_issue(req(issue("x"), &tm)).await.unwrap_err());
 let i1 = nc.send_issue(req(issue("Осень"), &tad)).await.unwrap().into_inner().issue_id;
 assert_eq!(i1, nc.send_issue(req(issue("Осень"), &tad)).await.unwrap().into_inner().issue_id);
 println!("{}", String::from_utf8(nc.get_issue(pb::GetIssueRequest { issue_id: i1, language: "en".into() }).await.unwrap().into_inner().data).unwrap());
 let stop = CancellationToken::new(); let run = tokio::spawn(news.issues().clone().run(stop.clone()));
 tokio::time::sleep(Duration::from_millis(400)).await; drain().await;
 let mails = std::fs::read_dir(dir.path().join("d/mail")).unwrap().map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap()).collect::<Vec<_>>();
 for m in &mails { println!("-----\n{m}"); }
 let nl = mails.iter().find(|m| m.contains("List-Unsubscribe:")).unwrap();
 let tok = nl.split("unsubscriptions/").nth(1).unwrap().split(['>', '\r', '\n']).next().unwrap().to_owned(); println!("TOKEN {tok}");
 for _ in 0..2 { let h = nc.unsubscribe_by_one_click(pb::UnsubscribeByOneClickRequest { token: tok.clone(), ..Default::default() }).await.unwrap().into_inner(); println!("{}", String::from_utf8(h.data).unwrap()); }
 println!("{:?}", nc.unsubscribe(pb::UnsubscribeRequest { token: format!("{tok}A"), ..Default::default() }).await.unwrap_err());
 assert!(!nc.get_my_subscription(req(pb::GetMySubscriptionRequest {}, &tm)).await.unwrap().into_inner().subscribed);
 nc.send_issue(req(issue("Зима"), &tad)).await.unwrap(); tokio::time::sleep(Duration::from_millis(400)).await; drain().await;
 let n = std::fs::read_dir(dir.path().join("d/mail")).unwrap().count(); assert_eq!(n, mails.len());
 react(&db, le::FeedbackGiven { learner_id: pid.clone(), feedback_id: u(), submission_id: u(), version: 1 }).await; drain().await;
 assert_eq!(std::fs::read_dir(dir.path().join("d/mail")).unwrap().count(), n + 1);
 stop.cancel(); run.await.unwrap().unwrap();
 // export and erase
 let keys: Keys = engines.keys("communication");
 let rows = holds.export(&db, &keys, me).await.unwrap(); for r in &rows { println!("EXPORT {} {} {:?}", r.table, r.json, r.objects); for (c, k) in &r.objects { println!("  file {:?}", holds.file(me, r, c, k).await.unwrap().map(|f| (f.name, f.bytes.len()))); } }
 let removed = holds.remove_objects(&db, me).await.unwrap(); let tx = db.begin("x").await.unwrap(); let rep = holds.erase_in_tx(&tx, me, &removed).await.unwrap(); tx.commit().await.unwrap(); println!("{rep:?}");
 let left = std::fs::read_dir(dir.path().join("d/mail")).unwrap().map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap()).filter(|m| m.contains(&pid[..8])).count(); assert_eq!(left, 0);
 react(&db, le::FeedbackGiven { learner_id: pid.clone(), feedback_id: u(), submission_id: u(), version: 1 }).await;
 // concurrency: two postmen, many mails
 let many: Vec<PersonId> = (0..20).map(|_| PersonId::new_v4()).collect();
 for p in &many { react(&db, id::LinkIssued { person_id: p.to_string(), link_id: u(), kind: 2, version: 1 }).await; }
 let before = std::fs::read_dir(dir.path().join("d/mail")).unwrap().count();
 let (x, y) = tokio::join!(async { while postman.send_due().await.unwrap() > 0 {} }, async { while postman.send_due().await.unwrap() > 0 {} }); let _ = (x, y);
 assert_eq!(std::fs::read_dir(dir.path().join("d/mail")).unwrap().count(), before + 20);
}
