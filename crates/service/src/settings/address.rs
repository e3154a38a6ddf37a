//! Addresses that follow from the base ones.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Settings;

impl Settings {
    /// The database of a service: its own address if it has one, else derived from the base, else a SQLite file.
    pub fn database_address(&self, service: &str) -> String {
        self.database_of(service).1
    }

    /// The same, with the setting that says so.
    pub fn database_of(&self, service: &str) -> (String, String) {
        if let Some(address) = self.database.addresses.get(service) {
            return (format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase()), address.clone());
        }
        let address = match &self.database.base {
            Some(base) => with_database(base, &format!("kolsai_{service}")),
            None => format!("sqlite://{}", self.data.join(format!("{service}.sqlite")).display()),
        };
        ("KOLSAI__DATABASE__BASE".into(), address)
    }

    /// Where `kolsai migrate` finds the database of a service, and the setting that says so.
    pub fn migration_of(&self, service: &str) -> (String, String) {
        if let Some(address) = self.database.migration_addresses.get(service) {
            return (format!("KOLSAI__DATABASE__MIGRATION_ADDRESSES__{}", service.to_uppercase()), address.clone());
        }
        match &self.database.migration_base {
            Some(base) => ("KOLSAI__DATABASE__MIGRATION_BASE".into(), with_database(base, &format!("kolsai_{service}"))),
            None => self.database_of(service),
        }
    }

    /// Where objects are kept: the configured address, else a folder in the data folder.
    pub fn objects_address(&self) -> String {
        let Some(address) = &self.objects.address else { return format!("file:{}", self.data.join("objects").display()) };
        let mut address = address.clone();
        if !address.starts_with("s3+") {
            return address;
        }
        // The rest of what must be known of the store travels with its address, wherever that goes.
        let authority = self.objects.authority.as_ref().map(|file| ("authority", file.display().to_string()));
        let public = self.objects.public_address.as_ref().map(|host| ("public", host.clone()));
        for (name, value) in authority.into_iter().chain(public) {
            let joint = if address.contains('?') { '&' } else { '?' };
            address.push_str(&format!("{joint}{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
        }
        address
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
