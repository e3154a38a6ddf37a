//! Rows for a spreadsheet (RFC 4180, UTF-8 with a byte order mark). JSON Lines have every value exactly; here nothing may become a
//! formula, whatever separator the spreadsheet of the reader's country takes.

use serde_json::Value;

/// Excel takes a file without it for one in the country's own encoding.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What a spreadsheet begins a formula with, in full width too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// After what a spreadsheet may begin a new cell.
const BREAKS: [char; 7] = [',', ';', '|', '\t', '\n', '\r', '"'];

pub(super) fn line<'a>(cells: impl Iterator<Item = &'a Value>) -> String {
    let cells: Vec<_> = cells.map(cell).collect();
    cells.join(",") + "\r\n"
}

/// A number and a truth value as they are; everything else as text.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(written) => text(written),
        Value::Array(_) | Value::Object(_) => text(&value.to_string()),
    }
}

/// Quoted; an apostrophe goes before whatever could begin a formula, at the start and after anything that may separate cells.
fn text(written: &str) -> String {
    let mut cell = String::with_capacity(written.len() + 2);
    cell.push('"');
    let mut begins = true;
    for c in written.chars().filter(|c| *c != '\0') {
        if begins && FORMULA.contains(&c) {
            cell.push('\'');
        }
        if c == '"' {
            cell.push('"');
        }
        cell.push(c);
        begins = BREAKS.contains(&c) || begins && (c.is_whitespace() || c.is_control() || c == '\u{feff}');
    }
    cell.push('"');
    cell
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As a strict reader takes a line apart.
    fn read(line: &str) -> Vec<String> {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut chars = line.strip_suffix("\r\n").unwrap().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(std::mem::take(&mut cell)),
                c => cell.push(c),
            }
        }
        cells.push(cell);
        cells
    }

    #[test]
    fn numbers_stay_numbers_and_formulas_become_text() {
        let row = [json!(-5), json!(true), json!(null), json!("=1+1"), json!("a@b.kz"), json!("2026-11-23"), json!(["-2"])];
        assert_eq!(line(row.iter()), "-5,true,,\"'=1+1\",\"a@b.kz\",\"2026-11-23\",\"[\"\"'-2\"\"]\"\r\n");
    }

    #[test]
    fn another_separator_finds_no_formula_either() {
        assert_eq!(text("a;=cmd|' /C calc'!A0"), "\"a;'=cmd|' /C calc'!A0\"");
        assert_eq!(text("  +7 701"), "\"  '+7 701\"");
        assert_eq!(text("\t=1"), "\"'\t'=1\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whatever_people_write_no_cell_begins_a_formula(
            written in proptest::collection::vec("[=+\\-@\t\r\n,;|\" a-c'\u{feff}＝＠0]{0,12}|\\PC{0,12}", 1..5)
        ) {
            let row: Vec<_> = written.iter().map(|text| json!(text)).collect();
            let line = line(row.iter());
            for cell in read(&line) {
                prop_assert!(!cell.starts_with(FORMULA), "{line:?}");
            }
            // As a reader with another separator, or one that ignores quotes, takes it apart.
            for piece in line.split(|c| BREAKS.contains(&c)) {
                prop_assert!(!piece.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{line:?}");
            }
        }

        #[test]
        fn a_row_stays_one_row_of_its_cells(written in proptest::collection::vec("\\PC{0,20}|[\",\r\n;]{0,6}", 1..6)) {
            let row: Vec<_> = written.iter().map(|text| json!(text)).collect();
            let cells = read(&line(row.iter()));
            prop_assert_eq!(cells.len(), written.len());
            for (cell, written) in cells.iter().zip(&written) {
                let bare = |text: &str| text.replace(['\'', '\0'], "");
                prop_assert_eq!(bare(cell), bare(written), "nothing but apostrophes is added");
            }
        }
    }
}
