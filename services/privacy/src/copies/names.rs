//! Names of files that stay in their folder, on any system.

/// Longest part between two slashes.
const LONGEST: usize = 100;

/// Names that mean a device on Windows, whatever follows their point.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// A relative path: no part is empty, hidden, climbing or a device.
pub(super) fn path(name: &str) -> String {
    let parts: Vec<_> = name.split(['/', '\\']).filter(|part| !part.is_empty()).map(part).collect();
    if parts.is_empty() { "_".into() } else { parts.join("/") }
}

fn part(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let mut part: String = text.chars().take(LONGEST).map(safe).collect();
    if part.starts_with('.') || part.starts_with('-') {
        part.insert(0, '_');
    }
    if part.ends_with('.') {
        part.push('_');
    }
    let stem = part.split('.').next().unwrap_or_default().to_ascii_uppercase();
    if DEVICES.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit())) {
        part.insert(0, '_');
    }
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_stay_and_others_are_tamed() {
        for (name, expected) in [
            ("photographs/0192a.jpg", "photographs/0192a.jpg"),
            ("../../etc/passwd", "_.._/_.._/etc/passwd"),
            ("/abs", "abs"),
            ("..\\..\\x", "_.._/_.._/x"),
            ("CON.txt", "_CON.txt"),
            ("lpt1", "_lpt1"),
            ("фото 1.jpg", "_____1.jpg"),
            ("", "_"),
            ("a//b", "a/b"),
            ("C:\\x", "C_/x"),
            (".hidden", "_.hidden"),
        ] {
            assert_eq!(path(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in "(\\PC|[./\\\\: \0-]){0,60}") {
            let path = path(&name);
            prop_assert!(!path.starts_with('/') && !path.contains('\\') && !path.contains(':') && path.is_ascii());
            for part in path.split('/') {
                prop_assert!(!part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.len() <= LONGEST + 3, "{path}");
            }
        }
    }
}
