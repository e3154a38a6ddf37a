//! Where the school is, and what stands around it.

use std::path::PathBuf;

/// Read once, when the story begins.
pub struct Surroundings {
    /// `KOLSAI_URL`: `https://host:port`.
    pub url: String,
    /// `KOLSAI_MAIL`: the folder where the school's mail lands; `folder:…`, as the school itself is told, is understood too.
    pub mail: PathBuf,
    /// `KOLSAI_DEMO`, or `KOLSAI_DATA` with the file itself or the folder that it lies in: addresses and passwords of the staff.
    pub demo: PathBuf,
    /// `KOLSAI_CA`: the authority of the school's certificate, in PEM.
    pub authority: PathBuf,
    /// `KOLSAI_CORPUS`: real photographs.
    pub corpus: Option<PathBuf>,
    /// `KOLSAI_TRACES`: how a trace viewer is asked for a trace, `http://localhost:3000/api/traces/{id}`.
    pub traces: Option<String>,
}

impl Surroundings {
    /// What is not said is as `make run` leaves it.
    pub fn of_environment() -> Self {
        let given = path("KOLSAI_DATA");
        let data = given.clone().filter(|data| !data.is_file()).unwrap_or_else(|| PathBuf::from("data"));
        let demo = path("KOLSAI_DEMO").or_else(|| given.filter(|data| data.is_file()));
        Self {
            url: text("KOLSAI_URL").unwrap_or_else(|| "https://localhost:8443".to_owned()),
            mail: text("KOLSAI_MAIL").map_or_else(|| data.join("mail"), |mail| mail.trim_start_matches("folder:").into()),
            demo: demo.unwrap_or_else(|| data.join("demo-accounts.json")),
            authority: path("KOLSAI_CA").unwrap_or_else(|| data.join("certificates/dev-ca.pem")),
            corpus: path("KOLSAI_CORPUS"),
            traces: text("KOLSAI_TRACES"),
        }
    }
}

fn path(name: &str) -> Option<PathBuf> {
    text(name).map(PathBuf::from)
}

#[allow(clippy::disallowed_methods, reason = "this program stands outside the school: its settings are its own")]
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
