use std::{path::Path, sync::Arc};

use contract::{Class, Purpose};
use foundation::{Clock, Mode, PersonId};
use kolsai_egress::{Config, Egress, Error, Mail, MailSink, MailSinkError};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use uuid::Uuid;

use crate::support::{Register, development, egress};

const LINK: &str = "https://localhost:8443/confirm?token=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789";

fn mail() -> Mail {
    Mail {
        id: Uuid::new_v4(),
        to: "aigerim@example.kz".into(),
        to_name: Some("Айгерім".into()),
        from: "Kolsai <school@kolsai.example>".into(),
        subject: "Растау · Подтверждение".into(),
        text: format!("Сәлем, Айгерім!\n\n{LINK}\n"),
        unsubscribe: None,
        purpose: Purpose::Account,
        classes: vec![Class::Secret],
        person: Some(PersonId::new_v4()),
    }
}

fn newsletter() -> Mail {
    Mail { purpose: Purpose::Newsletter, unsubscribe: Some("https://localhost:8443/v1/unsubscribe?token=t0ken".parse().unwrap()), ..mail() }
}

fn folder() -> (TempDir, Arc<Register>, Egress) {
    let (folder, register) = (tempfile::tempdir().unwrap(), Arc::default());
    let egress = egress(development(&format!("folder:{}", folder.path().display())), &register);
    (folder, register, egress)
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_lies_in_the_folder_as_one_can_read_it() {
    let (folder, register, egress) = folder();
    let mail = mail();
    let sent = egress.mail(mail.clone()).await.unwrap();
    assert_eq!(sent.message_id, format!("<{}@kolsai.example>", mail.id));
    assert_eq!(names(folder.path()), [format!("{}.eml", mail.id)]);

    let text = String::from_utf8(egress.read_mail(mail.id).await.unwrap().unwrap()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for line in [
        format!("Message-ID: {}", sent.message_id),
        "From: Kolsai <school@kolsai.example>".into(),
        "MIME-Version: 1.0".into(),
        "Content-Type: text/plain; charset=utf-8".into(),
        "Content-Transfer-Encoding: 8bit".into(),
    ] {
        assert!(head.contains(&line), "{line} in\n{head}");
    }
    assert!(head.contains("<aigerim@example.kz>") && head.is_ascii());
    assert!(!head.contains("List-Unsubscribe"));
    assert!(body.contains("Сәлем, Айгерім!\r\n") && body.contains(LINK), "links stay whole:\n{body}");

    let entry = &register.all()[0];
    assert_eq!((entry.id, entry.recipient, entry.purpose, entry.subject), (mail.id, "mail-relay", Purpose::Account, mail.person));
    assert_eq!(entry.classes, [Class::Name, Class::Email, Class::Secret]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_user_reads_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _, egress) = folder();
    let mail = mail();
    egress.mail(mail.clone()).await.unwrap();
    let mode = std::fs::metadata(folder.path().join(format!("{}.eml", mail.id))).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_repeat_replaces_itself() {
    let (folder, register, egress) = folder();
    let first = mail();
    let again = Mail { text: "Second".into(), ..first.clone() };
    assert_eq!(egress.mail(first.clone()).await.unwrap(), egress.mail(again).await.unwrap());
    assert_eq!(names(folder.path()).len(), 1);
    assert!(String::from_utf8(egress.read_mail(first.id).await.unwrap().unwrap()).unwrap().ends_with("Second"));
    assert_eq!(register.all().len(), 1);
}

#[tokio::test]
async fn the_same_mail_twice_at_once_is_one_mail() {
    let (folder, _, egress) = folder();
    let mail = mail();
    let sends = (0..8).map(|_| {
        tokio::spawn({
            let (egress, mail) = (egress.clone(), mail.clone());
            async move { egress.mail(mail).await }
        })
    });
    for sent in sends.collect::<Vec<_>>() {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(names(folder.path()), [format!("{}.eml", mail.id)]);
}

#[tokio::test]
async fn a_newsletter_has_its_one_click_link() {
    let (_folder, _, egress) = folder();
    let mail = newsletter();
    egress.mail(mail.clone()).await.unwrap();
    let text = String::from_utf8(egress.read_mail(mail.id).await.unwrap().unwrap()).unwrap();
    assert!(text.contains("\r\nList-Unsubscribe: <https://localhost:8443/v1/unsubscribe?token=t0ken>\r\n"), "{text}");
    assert!(text.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");

    let without = Mail { unsubscribe: None, ..newsletter() };
    assert!(matches!(egress.mail(without).await, Err(Error::Unsubscribe)));
    let elsewhere = Mail { purpose: Purpose::ServiceNotice, ..newsletter() };
    assert!(matches!(egress.mail(elsewhere).await, Err(Error::Unsubscribe)));
}

#[tokio::test]
async fn an_undeclared_mail_is_stopped_before_anything_is_written() {
    let (folder, register, egress) = folder();
    for mail in [
        Mail { purpose: Purpose::Statistics, ..mail() },
        Mail { classes: vec![Class::Learning], ..mail() },
        Mail { classes: vec![Class::Archive], ..mail() },
    ] {
        assert!(matches!(egress.mail(mail).await, Err(Error::Undeclared { recipient: "mail-relay", .. })));
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
    assert_eq!(register.all(), []);
}

#[tokio::test]
async fn without_a_register_nothing_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let register = Arc::new(Register { broken: true, ..Register::default() });
    let egress = egress(development(&format!("folder:{}", folder.path().display())), &register);
    let refused = egress.mail(mail()).await.unwrap_err();
    assert!(matches!(refused, Error::Register(_)));
    assert_eq!(foundation::Refusal::from(refused).reason, "OUTSIDE_UNAVAILABLE");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_header_cannot_be_smuggled_in() {
    let (folder, _, egress) = folder();
    for mail in [
        Mail { subject: "Hello\r\nBcc: other@example.kz".into(), ..mail() },
        Mail { to_name: Some("A\nBcc: other@example.kz".into()), ..mail() },
        Mail { to: "a@example.kz\r\nBcc: other@example.kz".into(), ..mail() },
        Mail { to: "a@example.kz, other@example.kz".into(), ..mail() },
        Mail { from: "nobody".into(), ..mail() },
    ] {
        let refused = egress.mail(mail).await.unwrap_err();
        assert!(matches!(refused, Error::Mail(_)));
        assert!(!refused.to_string().contains("example"));
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn mail_is_forgotten_with_what_a_crash_left() {
    let (folder, _, egress) = folder();
    let (one, other, kept) = (mail(), mail(), mail());
    egress.mail(one.clone()).await.unwrap();
    egress.mail(kept.clone()).await.unwrap();
    std::fs::write(folder.path().join(format!(".{}.eml.part", other.id)), "half a ma").unwrap();
    assert_eq!(egress.forget_mail(&[one.id, other.id, Uuid::new_v4()]).await.unwrap(), 2);
    assert_eq!(egress.forget_mail(&[one.id, other.id]).await.unwrap(), 0);
    assert_eq!(egress.read_mail(one.id).await.unwrap(), None);
    assert_eq!(names(folder.path()), [format!("{}.eml", kept.id)]);
}

#[test]
fn nothing_of_a_mail_is_printed() {
    let printed = format!("{:?}", mail());
    for told in ["aigerim", "Айгерім", "token", "Растау"] {
        assert!(!printed.contains(told), "{told} in {printed}");
    }
}

#[tokio::test]
async fn production_refuses_a_folder() {
    let config = Config::new(Mode::Production, MailSink::Folder("/nowhere".into()));
    let refused = Egress::try_new(config, Arc::new(Register::default()), Clock::system(Mode::Production)).map(|_| ());
    assert!(matches!(refused, Err(Error::Sink(MailSinkError::FolderInProduction))));
}

/// A relay that takes one mail, or answers `reply` to the recipient; hands out everything that it was told.
async fn relay(reply: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("smtp://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let (read, mut write) = socket.into_split();
        write.write_all(b"220 relay\r\n").await.unwrap();
        let (mut lines, mut heard, mut in_mail) = (BufReader::new(read).lines(), String::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            heard += &line;
            heard += "\n";
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "." if in_mail => {
                    in_mail = false;
                    "250 taken\r\n"
                }
                _ if in_mail => continue,
                "EHLO" => "250 relay\r\n",
                "RCPT" => reply,
                "DATA" => {
                    in_mail = true;
                    "354 go on\r\n"
                }
                "QUIT" => {
                    let _ = write.write_all(b"221 bye\r\n").await;
                    return heard;
                }
                _ => "250 ok\r\n",
            };
            write.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    });
    (address, heard)
}

#[tokio::test]
async fn a_relay_gets_the_mail() {
    let (address, heard) = relay("250 ok\r\n").await;
    let register = Arc::default();
    let egress = egress(development(&address), &register);
    let mail = mail();
    egress.mail(mail.clone()).await.unwrap();
    assert!(matches!(egress.read_mail(mail.id).await, Err(Error::NotAFolder)));
    assert_eq!(egress.forget_mail(&[mail.id]).await.unwrap(), 0);
    drop(egress);
    let heard = heard.await.unwrap();
    assert!(heard.contains("RCPT TO:<aigerim@example.kz>"), "{heard}");
    assert!(heard.contains(&format!("Message-ID: <{}@kolsai.example>", mail.id)), "{heard}");
    assert!(heard.is_ascii(), "a relay without 8BITMIME can take it");
}

#[tokio::test]
async fn a_relays_words_are_not_repeated() {
    let (address, _heard) = relay("550 no mailbox aigerim@example.kz\r\n").await;
    let egress = egress(development(&address), &Arc::default());
    let refused = egress.mail(mail()).await.unwrap_err();
    assert!(matches!(refused, Error::Rejected { status: 550, .. }), "{refused:?}");
    assert!(!format!("{refused:?}").contains("aigerim"));
}

#[tokio::test]
async fn a_relay_that_puts_it_off_or_is_away_may_be_asked_again() {
    let (address, _heard) = relay("451 later\r\n").await;
    let away = "smtp://127.0.0.1:1";
    for address in [address.as_str(), away] {
        let refused = egress(development(address), &Arc::default()).mail(mail()).await.unwrap_err();
        assert!(refused.is_transient(), "{refused:?}");
    }
}
