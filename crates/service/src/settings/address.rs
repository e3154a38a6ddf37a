//! Addresses that follow from the base ones.

use super::Settings;

impl Settings {
    /// The database of a service: its own address if it has one, else derived from the base, else a SQLite file.
    pub fn database_address(&self, service: &str) -> String {
        if let Some(address) = self.database.addresses.get(service) {
            return address.clone();
        }
        match &self.database.base {
            Some(base) => with_database(base, &format!("kolsai_{service}")),
            None => format!("sqlite://{}", self.data.join(format!("{service}.sqlite")).display()),
        }
    }

    /// Where objects are kept: the configured address, else a folder in the data folder.
    pub fn objects_address(&self) -> String {
        self.objects.address.clone().unwrap_or_else(|| format!("file:{}", self.data.join("objects").display()))
    }
}

/// The same server and options with another database name in the path.
fn with_database(base: &str, name: &str) -> String {
    let (address, options) = match base.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (base, String::new()),
    };
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    format!("{}/{name}{options}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_name_replaces_the_path() {
        for (base, expected) in [
            ("postgres://u:p@h:5432", "postgres://u:p@h:5432/kolsai_x"),
            ("postgres://u:p@h/", "postgres://u:p@h/kolsai_x"),
            ("postgres://h/old?sslmode=verify-full&host=/run/pg", "postgres://h/kolsai_x?sslmode=verify-full&host=/run/pg"),
        ] {
            assert_eq!(with_database(base, "kolsai_x"), expected);
        }
    }
}
