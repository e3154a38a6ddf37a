//! Text in a page: what somebody wrote is never markup.

use super::words::Label;

/// Text between tags, or in a quoted attribute. Characters that no page may have are left out.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '`' => safe.push_str("&#96;"),
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => safe.push(c),
        }
    }
    safe
}

/// What a person wrote: its direction does not reach beyond it.
pub(super) fn written(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// In all three languages, of which the page shows one.
pub(super) fn label(label: &Label) -> String {
    let [ru, kk, en] = [&label.ru, &label.kk, &label.en].map(|text| escape(text));
    if ru == kk && kk == en {
        return en;
    }
    format!("<span lang=\"ru\">{ru}</span><span lang=\"kk\">{kk}</span><span lang=\"en\">{en}</span>")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_wrote_is_text() {
        assert_eq!(written("<script>alert(1)</script>"), "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>");
        assert_eq!(escape("\" onload='x' `a`\0\u{8}"), "&quot; onload=&#39;x&#39; &#96;a&#96;");
    }

    proptest! {
        #[test]
        fn nothing_written_opens_a_tag_or_ends_an_attribute(text in "(\\PC|[<>&\"'`/=\0\n]){0,80}") {
            let safe = escape(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'', '`', '\0']));
            // Every ampersand begins one of our own entities.
            for rest in safe.split('&').skip(1) {
                prop_assert!(["amp;", "lt;", "gt;", "quot;", "#39;", "#96;"].iter().any(|entity| rest.starts_with(entity)), "{safe}");
            }
            let back = safe.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
            let back = back.replace("&#96;", "`").replace("&amp;", "&");
            let kept: String = text.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect();
            prop_assert_eq!(back, kept, "nothing is lost");
        }
    }
}
