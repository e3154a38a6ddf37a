//! One line per table and store: for the eye and for `grep`.

use std::fmt::Write;

use personal_data::Holds;

pub fn print(holds: &[Holds]) -> String {
    let mut rows = vec![["service", "kind", "name", "category", "purposes", "keep", "on erasure", "columns or content"].map(str::to_owned)];
    for service in holds {
        for map in service.maps() {
            let columns: Vec<_> = map.columns.iter().map(|column| format!("{}:{}", column.name, column.word.replace(' ', "+"))).collect();
            rows.push([
                service.service().to_owned(),
                "table".into(),
                map.table.to_owned(),
                map.category().map_or("-", |category| category.as_str_name()).to_owned(),
                purposes(map.purposes()),
                dash(map.keep()),
                dash(map.on_erase()),
                columns.join(" "),
            ]);
        }
        for store in service.stores() {
            rows.push([
                service.service().to_owned(),
                store.kind.name().into(),
                store.store.to_owned(),
                store.about.category().map_or("-", |category| category.as_str_name()).to_owned(),
                purposes(store.about.purposes()),
                store.keep.to_owned(),
                dash(store.on_erase.to_owned()),
                store.holds.to_owned(),
            ]);
        }
    }
    aligned(&rows)
}

fn purposes(all: &[contract::Purpose]) -> String {
    dash(all.iter().map(|purpose| purpose.as_str_name()).collect::<Vec<_>>().join(","))
}

fn dash(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}

fn aligned(rows: &[[String; 8]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{cell:<width$}  ");
        }
        text.push_str(&row[7]);
        text.push('\n');
    }
    text
}
