//! `tracestate`: what others keep of a trace for themselves, passed on in its order.

use opentelemetry::trace::TraceState;

const MOST_MEMBERS: usize = 32;
const LONGEST_VALUE: usize = 256;
/// So much is passed on, as the standard asks for; of more, the long members go first, then the last.
const MOST_CHARACTERS: usize = 512;
const LONG: usize = 128;

/// Reads all headers of one request together; none when any member is not valid or there are too many. `keep` says which keys stay.
pub(super) fn read<'a>(headers: impl IntoIterator<Item = &'a str>, keep: impl Fn(&str) -> bool) -> Option<TraceState> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in headers.into_iter().flat_map(|header| header.split(',')) {
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=').filter(|(key, value)| is_key(key) && is_value(value))?;
        members.push((key, value));
        if members.len() > MOST_MEMBERS {
            return None;
        }
    }
    // A key that comes twice counts where it comes first.
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (key, value) in members {
        if keep(key) && !kept.iter().any(|(known, _)| *known == key) {
            kept.push((key, value));
        }
    }
    // The library takes a system of 13 characters where the standard allows 14: such a member cannot be carried, the others can.
    kept.retain(|member| TraceState::from_key_value([*member]).is_ok());
    shorten(&mut kept);
    TraceState::from_key_value(kept).ok()
}

fn shorten(members: &mut Vec<(&str, &str)>) {
    let length = |(key, value): &(&str, &str)| key.len() + value.len() + 1;
    let total = |members: &[(&str, &str)]| members.iter().map(length).sum::<usize>() + members.len().saturating_sub(1);
    while total(members) > MOST_CHARACTERS {
        match members.iter().rposition(|member| length(member) > LONG) {
            Some(long) => drop(members.remove(long)),
            None => drop(members.pop()),
        }
    }
}

/// `simple` or `tenant@system`.
fn is_key(key: &str) -> bool {
    let is_in = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte);
    let all = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(is_in);
    let begins = |part: &str, with: fn(u8) -> bool| part.bytes().next().is_some_and(with);
    let letter = |byte: u8| byte.is_ascii_lowercase();
    let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match key.split_once('@') {
        None => all(key, 256) && begins(key, letter_or_digit),
        Some((tenant, system)) => all(tenant, 241) && begins(tenant, letter_or_digit) && all(system, 14) && begins(system, letter),
    }
}

/// Printable ASCII without comma and equals sign, which does not end in a space.
fn is_value(value: &str) -> bool {
    let printable = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b',' && byte != b'=';
    (1..=LONGEST_VALUE).contains(&value.len()) && value.bytes().all(printable) && !value.ends_with(' ')
}
