//! Query strings, as forms write them (`application/x-www-form-urlencoded`).

use percent_encoding::percent_decode_str;

use super::fault::Fault;

/// Names and values in their order; an empty pair is none.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Fault> {
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(pair: &str) -> Result<(String, String), Fault> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((decode(name)?, decode(value)?))
}

fn decode(text: &str) -> Result<String, Fault> {
    let text = text.replace('+', " ");
    let text = percent_decode_str(&text).decode_utf8().map_err(|_| Fault::new("", "the query is not UTF-8"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_are_read() {
        let read = pairs("a=1&b=x+y%20z&&c&a=%D0%B0").unwrap();
        let expected = [("a", "1"), ("b", "x y z"), ("c", ""), ("a", "а")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected);
        assert!(pairs("a=%ff").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = pairs(&text);
        }
    }
}
