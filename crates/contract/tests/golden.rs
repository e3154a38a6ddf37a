//! The whole contract on one page: a change of who may call what is seen in review. `KOLSAI_BLESS=1` writes it anew.

use std::{fmt::Write, path::Path};

use kolsai_contract::{Contract, MethodRule, Who};

#[test]
fn who_may_call_what() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/methods.golden");
    let now = page();
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, no setting of the school")]
    let bless = std::env::var_os("KOLSAI_BLESS").is_some();
    if bless {
        std::fs::write(&path, &now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap();
    let (gone, new) = (lines_missing(&then, &now, '-'), lines_missing(&now, &then, '+'));
    assert!(then == now, "methods.golden differs (KOLSAI_BLESS=1 writes it anew):\n{gone}{new}");
}

fn page() -> String {
    let mut page = String::from("# method | who | purpose | person | tie | fresh (s) | cost | idempotent\n");
    for method in Contract::get().methods() {
        let tie = method.tie.map_or("-", |tie| tie.as_str_name());
        let fresh = method.fresh.map_or_else(|| "-".to_owned(), |fresh| fresh.as_secs().to_string());
        let (purpose, idempotent) = (method.purpose.as_str_name(), method.idempotent.as_str_name());
        let (who, person) = (who(method), person(method));
        writeln!(page, "{} | {who} | {purpose} | {person} | {tie} | {fresh} | {} | {idempotent}", method.path, method.cost).unwrap();
    }
    page
}

fn who(method: &MethodRule) -> String {
    let names = match method.who {
        Who::Service => method.callers.clone(),
        _ => method.roles.iter().map(|role| role.as_str_name().to_owned()).collect(),
    };
    if names.is_empty() { method.who.as_str_name().to_owned() } else { format!("{}({})", method.who.as_str_name(), names.join(", ")) }
}

fn person(method: &MethodRule) -> String {
    let touches = method.person.as_str_name();
    method.person_field.as_ref().map_or_else(|| touches.to_owned(), |field| format!("{touches}({field})"))
}

fn lines_missing(of: &str, from: &str, sign: char) -> String {
    of.lines().filter(|line| !from.lines().any(|other| other == *line)).map(|line| format!("{sign} {line}\n")).collect()
}
