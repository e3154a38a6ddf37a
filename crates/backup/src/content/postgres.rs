//! PostgreSQL, by its own tools: `pg_dump` reads one snapshot with schema, triggers and indexes, and what it writes an operator can
//! put back without this program. COPY through a driver would bring rows alone and leave the schema to whatever migrations are about.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use percent_encoding::percent_decode_str;
use sea_orm::{ConnectionTrait, Statement};

use super::{connect, of_database};
use crate::Error;

/// Where Debian keeps the tools of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What libpq knows of the options that an address may have.
const OPTIONS: [&str; 8] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "application_name", "options"];

/// The tools, and the database of one service.
#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) tools: Option<PathBuf>,
    pub(crate) service: String,
    pub(crate) address: String,
}

impl Postgres {
    pub(crate) fn dump(&self, part: &str, output: &mut dyn Write) -> Result<(), Error> {
        let mut command = self.command("pg_dump");
        command.args(["--format=custom", "--compress=1", "--no-owner", "--no-privileges"]);
        let mut child = started("pg_dump", command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let mut from = child.stdout.take();
        let copied = from.as_mut().map_or(Ok(0), |from| io::copy(from, output)).map_err(super::writing(part));
        // Closed before waiting: a tool that nobody reads from ends.
        drop(from);
        self.ended("pg_dump", child, copied)
    }

    pub(crate) async fn is_empty(&self) -> Result<bool, Error> {
        let db = connect(&self.service, &self.address).await?;
        let sql = "SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = current_schema()";
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.map_err(of_database(&self.service))?;
        let tables: i64 = row.map_or(Ok(0), |row| row.try_get("", "n")).map_err(of_database(&self.service))?;
        db.close().await.map_err(of_database(&self.service))?;
        Ok(tables == 0)
    }

    /// All of it or nothing, in one transaction.
    pub(crate) fn restore(&self, content: &mut dyn Read) -> Result<(), Error> {
        let mut command = self.command("pg_restore");
        command.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]);
        self.fed(command.stdout(Stdio::null()), content)
    }

    /// Reads a dump to its end without any database; answers how many entries it has.
    pub(crate) fn check(&self, dump: &Path) -> Result<usize, Error> {
        let run = |list: &[&str]| {
            let output = Command::new(tool(self.tools.as_deref(), "pg_restore")).args(list).arg(dump).stderr(Stdio::null()).output();
            let output = output.map_err(|_| Error::NoTool { tool: "pg_restore" })?;
            if output.status.success() { Ok(output.stdout) } else { Err(self.failed("pg_restore", output.status)) }
        };
        run(&["--file=/dev/null"])?;
        let listed = run(&["--list"])?;
        Ok(listed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b';').count())
    }

    fn fed(&self, command: &mut Command, content: &mut dyn Read) -> Result<(), Error> {
        let mut child = started("pg_restore", command.stdin(Stdio::piped()))?;
        let mut to = child.stdin.take();
        let copied = to.as_mut().map_or(Ok(0), |to| io::copy(content, to)).map_err(super::writing(&self.service));
        drop(to);
        self.ended("pg_restore", child, copied)
    }

    /// A tool that ended badly says so itself; otherwise what was copied counts.
    fn ended(&self, tool: &'static str, mut child: Child, copied: Result<u64, Error>) -> Result<(), Error> {
        let status = child.wait().map_err(super::writing(&self.service))?;
        match copied {
            Ok(_) if status.success() => Ok(()),
            Err(error) if status.success() => Err(error),
            _ => Err(self.failed(tool, status)),
        }
    }

    fn failed(&self, tool: &'static str, status: ExitStatus) -> Error {
        Error::Tool { tool, service: self.service.clone(), status: status.to_string() }
    }

    fn command(&self, name: &'static str) -> Command {
        let (address, password) = without_password(&self.address);
        let mut command = Command::new(tool(self.tools.as_deref(), name));
        // What a tool complains about may quote rows: nobody logs it. The password stays out of the list of processes.
        command.arg(format!("--dbname={address}")).arg("--no-password").stderr(Stdio::null());
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
        command
    }
}

fn started(tool: &'static str, command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|_| Error::NoTool { tool })
}

/// The newest version that Debian has installed, else whatever the path finds.
fn tool(folder: Option<&Path>, name: &str) -> PathBuf {
    if let Some(folder) = folder {
        return folder.join(name);
    }
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    let found = newest.map(|version| Path::new(DEBIAN).join(version.to_string()).join("bin").join(name)).filter(|path| path.exists());
    found.unwrap_or_else(|| name.into())
}

/// The address as libpq reads it, and the password apart.
fn without_password(address: &str) -> (String, Option<String>) {
    let (place, query) = address.split_once('?').unwrap_or((address, ""));
    let (scheme, rest) = place.split_once("://").unwrap_or(("postgres", place));
    let (credentials, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (user, mut password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    password = password.or(pairs.iter().find(|(name, _)| *name == "password").map(|(_, value)| *value));
    let kept: Vec<_> = pairs.iter().filter(|(name, _)| OPTIONS.contains(name)).map(|(name, value)| format!("{name}={value}")).collect();
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let options = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    let password = password.map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned());
    (format!("{scheme}://{at}{rest}{options}"), password)
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_an_argument() {
        for (address, expected, password) in [
            ("postgres://u:p%40w@h:5432/d?sslmode=verify-full", "postgres://u@h:5432/d?sslmode=verify-full", Some("p@w")),
            ("postgres://kolsai@%2Ftmp%2Fpg/d", "postgres://kolsai@%2Ftmp%2Fpg/d", None),
            ("postgres://h/d?password=x&statement-cache-capacity=5&host=/run", "postgres://h/d?host=/run", Some("x")),
        ] {
            assert_eq!(without_password(address), (expected.to_owned(), password.map(str::to_owned)));
        }
    }
}
