//! What a measure is called: by OpenTelemetry, and in a scrape by Prometheus.

/// How a measure behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A measure as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// OpenTelemetry's name, with dots.
    pub name: &'static str,
    pub kind: Kind,
    /// UCUM: `s`, `By`, `{event}`.
    pub unit: &'static str,
    pub says: &'static str,
    pub labels: Vec<&'static str>,
}

impl Named {
    /// The names under which a scrape shows it: a histogram has three.
    pub fn in_scrape(&self) -> Vec<String> {
        let family = family(self.name, self.unit, self.kind == Kind::Counter);
        match self.kind {
            Kind::Histogram => ["bucket", "sum", "count"].map(|part| format!("{family}_{part}")).to_vec(),
            Kind::Counter | Kind::Gauge => vec![family],
        }
    }
}

/// A name and its unit as Prometheus writes them (OpenTelemetry's compatibility specification): `a.b` in `s` is `a_b_seconds`, and what
/// only grows ends in `_total`.
pub fn family(name: &str, unit: &str, grows: bool) -> String {
    let unit = match unit {
        "s" => "seconds",
        "By" => "bytes",
        // `{event}` is an annotation, and so says nothing that the name does not.
        _ => "",
    };
    let mut family = plain(name);
    if !unit.is_empty() && !family.ends_with(unit) {
        family = format!("{family}_{unit}");
    }
    if grows { format!("{family}_total") } else { family }
}

/// The characters that a name may have in a scrape.
pub fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_scrape_say_unit_and_kind() {
        assert_eq!(family("rpc.server.call.duration", "s", false), "rpc_server_call_duration_seconds");
        assert_eq!(family("kolsai.alarms", "{alarm}", true), "kolsai_alarms_total");
        assert_eq!(family("process.memory.usage", "By", false), "process_memory_usage_bytes");
    }
}
