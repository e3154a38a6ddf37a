//! Passwords: Argon2id (RFC 9106) off the async workers, a bounded number at once, and zxcvbn's judgement of their strength.

use std::sync::Arc;

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use foundation::{Refusal, metrics::all::HASHING};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;
use zxcvbn::Score;

use crate::Config;

/// A password on its way through this process; wiped when dropped.
pub type Password = Zeroizing<String>;

/// Why a password could not be worked on. Holds nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("argon2 failed: {0}")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("argon2 refused its parameters: {0}")]
    Parameters(#[from] argon2::Error),
    #[error("the work on a password did not finish")]
    Lost,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::internal(&error)
    }
}

/// What came of comparing a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// Right, and hashed with less than is asked for now.
    RightButOld,
    Wrong,
}

/// How much of a password must be the person's own, in letters and digits.
const OWN_PART: usize = 8;

/// Clones share the bound and the parameters.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    params: Params,
    permits: Arc<Semaphore>,
    /// A hash of nobody's password, against which tries of unknown addresses are compared: they take as long.
    nobody: String,
}

impl Passwords {
    pub fn try_new(config: &Config) -> Result<Self, Error> {
        let params = Params::new(config.password_memory_kib, config.password_passes, 1, None)?;
        let nobody = hash(&params, &hex::encode(rand::random::<[u8; 32]>()))?;
        Ok(Self(Arc::new(Inner { params, permits: Arc::new(Semaphore::new(config.hashing_at_once)), nobody })))
    }

    /// The PHC string of a password, with a salt of its own.
    pub async fn hash(&self, password: &Password) -> Result<String, Error> {
        let (params, password) = (self.0.params.clone(), password.clone());
        self.off_the_workers(move || hash(&params, &password)).await
    }

    /// Compares with a stored PHC string; without one it compares with nobody's, takes as long, and is wrong.
    pub async fn verify(&self, password: &Password, stored: Option<String>) -> Result<Verdict, Error> {
        let (inner, password) = (self.0.clone(), password.clone());
        self.off_the_workers(move || {
            let somebody = stored.is_some();
            let verdict = verify(&inner.params, &password, stored.as_deref().unwrap_or(&inner.nobody))?;
            Ok(if somebody { verdict } else { Verdict::Wrong })
        })
        .await
    }

    /// Whether zxcvbn gives at least 3 of 4. `about` is what others may know of the person: it makes a password weaker.
    pub async fn is_strong(&self, password: &Password, about: Vec<String>) -> Result<bool, Error> {
        let password = password.clone();
        self.off_the_workers(move || Ok(is_strong(&password, &about))).await
    }

    async fn off_the_workers<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let waiting = HASHING.enter(["waiting".into()]);
        let permit = self.0.permits.clone().acquire_owned().await.map_err(|_| Error::Lost)?;
        drop(waiting);
        let running = HASHING.enter(["running".into()]);
        let work = move || {
            // Held until the work is done, even when the call that wanted it is gone.
            let _held = (permit, running);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Lost)?
    }
}

fn hash(params: &Params, password: &str) -> Result<String, Error> {
    let weak = foundation::sabotage::breaks("P25").then(|| Params::new(8, 1, 1, None)).transpose()?;
    Ok(Argon2::from(weak.as_ref().unwrap_or(params)).hash_password(password.as_bytes())?.to_string())
}

fn verify(params: &Params, password: &str, stored: &str) -> Result<Verdict, Error> {
    let stored = PasswordHash::new(stored).map_err(argon2::password_hash::Error::from)?;
    match Argon2::from(params).verify_password(password.as_bytes(), &stored) {
        Ok(()) if is_old(params, &stored) => Ok(Verdict::RightButOld),
        Ok(()) => Ok(Verdict::Right),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(error) => Err(error.into()),
    }
}

fn is_old(params: &Params, stored: &PasswordHash) -> bool {
    let Ok(used) = Params::try_from(stored) else { return true };
    stored.algorithm != argon2::ARGON2ID_IDENT || used.m_cost() < params.m_cost() || used.t_cost() < params.t_cost()
}

fn is_strong(password: &str, about: &[String]) -> bool {
    let inputs: Vec<&str> = about.iter().map(String::as_str).chain(["kolsai", "kolsai.kz", "көлсай", "колсай"]).collect();
    own_part(password, &inputs) >= OWN_PART && zxcvbn::zxcvbn(password, &inputs).score() >= Score::Three
}

/// Letters and digits that remain when everything known is taken out: zxcvbn overrates several known words in a row.
fn own_part(password: &str, known: &[&str]) -> usize {
    let mut known: Vec<String> = known.iter().map(|word| word.to_lowercase()).filter(|word| word.chars().count() > 2).collect();
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = known.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, " "));
    rest.chars().filter(|letter| letter.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(passes: u32) -> Params {
        Params::new(64, passes, 1, None).unwrap()
    }

    #[test]
    fn only_the_password_itself_is_right() {
        let stored = hash(&params(1), "correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$"));
        assert_ne!(stored, hash(&params(1), "correct horse battery").unwrap(), "each hash has its own salt");
        assert_eq!(verify(&params(1), "correct horse battery", &stored).unwrap(), Verdict::Right);
        assert_eq!(verify(&params(1), "correct horse batterY", &stored).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn a_hash_made_with_less_is_old() {
        let stored = hash(&params(1), "correct horse battery").unwrap();
        assert_eq!(verify(&params(2), "correct horse battery", &stored).unwrap(), Verdict::RightButOld);
        let stored = hash(&params(3), "correct horse battery").unwrap();
        assert_eq!(verify(&params(2), "correct horse battery", &stored).unwrap(), Verdict::Right);
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let config = Config { password_memory_kib: 64, password_passes: 1, ..Config::default() };
        let passwords = Passwords::try_new(&config).unwrap();
        let password = Password::new("correct horse battery".into());
        assert_eq!(passwords.verify(&password, None).await.unwrap(), Verdict::Wrong);
        let stored = passwords.hash(&password).await.unwrap();
        assert_eq!(passwords.verify(&password, Some(stored)).await.unwrap(), Verdict::Right);
    }

    #[test]
    fn what_others_know_makes_a_password_weak() {
        assert!(!is_strong("passwordpassword", &[]));
        assert!(!is_strong("aigul.serikova@example.kz", &["aigul.serikova@example.kz".into(), "Aigul".into(), "Serikova".into()]));
        let about = ["Aigerim".to_owned(), "Bekova".to_owned()];
        assert!(!is_strong("Aigerim Bekova", &about));
        assert!(!is_strong("bekovaAIGERIM2019", &about));
        assert!(is_strong("quiet ridge above the third lake", &about));
        assert!(is_strong("Aigerim walks to the third lake", &about));
    }
}
