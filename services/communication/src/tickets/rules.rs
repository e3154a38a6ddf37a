//! How a ticket goes from one state to the next, and what may be written into it.

use contract::communication::v1::{TicketState as State, Topic};
use foundation::PersonId;

use super::Error;

/// How a ticket stands: its state and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub agent: Option<PersonId>,
}

/// What happens to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Take(PersonId),
    Answer(PersonId),
    /// Whoever asked writes on.
    WriteOn,
    Close(PersonId),
}

impl Standing {
    pub const NEW: Self = Self { state: State::Open, agent: None };

    /// Whether this is what ties an agent to whoever asked: theirs, and not closed.
    pub fn ties(self, agent: PersonId) -> bool {
        self.agent == Some(agent) && matches!(self.state, State::Taken | State::Answered)
    }

    pub fn after(self, step: Step) -> Result<Self, Error> {
        match step {
            Step::Take(_) if self.state == State::Closed => Err(Error::Closed),
            Step::Take(agent) if self.ties(agent) => Ok(self),
            // An agent whose account is gone has left the ticket behind.
            Step::Take(agent) if self.agent.is_none() => Ok(Self { state: State::Taken, agent: Some(agent) }),
            Step::Take(_) => Err(Error::TakenByAnother),
            Step::Close(agent) if self.state == State::Closed && self.agent == Some(agent) => Ok(self),
            Step::Answer(agent) | Step::Close(agent) if !self.ties(agent) => Err(Error::NotYours),
            Step::Answer(_) => Ok(Self { state: State::Answered, ..self }),
            Step::Close(_) => Ok(Self { state: State::Closed, ..self }),
            Step::WriteOn => Ok(match (self.state, self.agent) {
                (State::Closed, _) | (_, None) => Self::NEW,
                (_, Some(_)) => Self { state: State::Taken, ..self },
            }),
        }
    }
}

const LONGEST_TEXT: usize = 5_000;
const LONGEST_NAME: usize = 100;
/// RFC 5321, 4.5.3.1.
const LONGEST_EMAIL: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;

pub fn text(text: &str) -> Result<&str, Error> {
    let trimmed = text.trim();
    let fits = !trimmed.is_empty() && trimmed.chars().count() <= LONGEST_TEXT;
    if fits { Ok(trimmed) } else { Err(Error::Text) }
}

/// A name on one line, or none.
pub fn name(name: &str) -> Result<Option<&str>, Error> {
    let name = name.trim();
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Error::Name);
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// An address that a mail can go to; its domain in lower case.
pub fn email(address: &str) -> Result<String, Error> {
    let address = address.trim();
    let (local, domain) = address.rsplit_once('@').ok_or(Error::Email)?;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic() && !"@,;:<>()[]\\\"".contains(c));
    let dotted = |text: &str| text.split('.').all(|label| !label.is_empty());
    let labels = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let local_is_one = !local.is_empty() && local.len() <= LONGEST_LOCAL_PART && plain(local) && dotted(local);
    let domain_is_one = domain.contains('.') && dotted(domain) && domain.chars().all(labels);
    if !local_is_one || !domain_is_one || address.len() > LONGEST_EMAIL {
        return Err(Error::Email);
    }
    Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
}

pub fn topic(topic: Topic) -> Result<Topic, Error> {
    if topic == Topic::Unspecified { Err(Error::Topic) } else { Ok(topic) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(agents: [PersonId; 2]) -> impl Strategy<Value = Step> {
        let agent = prop::sample::select(agents.to_vec());
        prop_oneof![agent.clone().prop_map(Step::Take), agent.clone().prop_map(Step::Answer), Just(Step::WriteOn), agent.prop_map(Step::Close)]
    }

    proptest! {
        /// Nobody answers or closes what is not theirs, and no two agents are tied by one ticket.
        #[test]
        fn one_agent_at_a_time(steps in Just([PersonId::new_v4(), PersonId::new_v4()]).prop_flat_map(|agents| {
            (Just(agents), prop::collection::vec(step(agents), 0..30))
        })) {
            let (agents, steps) = steps;
            let mut standing = Standing::NEW;
            for step in steps {
                let before = standing;
                if let Ok(next) = standing.after(step) {
                    standing = next;
                    match step {
                        Step::Answer(agent) => prop_assert!(before.ties(agent) && next.ties(agent)),
                        Step::Close(agent) => prop_assert!(!next.ties(agent)),
                        Step::Take(agent) => prop_assert!(next.ties(agent)),
                        Step::WriteOn => prop_assert!(matches!(next.state, State::Open | State::Taken)),
                    }
                }
                prop_assert!(agents.iter().filter(|agent| standing.ties(**agent)).count() <= 1);
                prop_assert!((standing.state == State::Open) == (standing == Standing::NEW));
            }
        }

        #[test]
        fn an_address_is_one_line_and_stays_itself(text in "\\PC{0,60}") {
            if let Ok(address) = email(&text) {
                prop_assert!(address.is_ascii() && !address.contains(char::is_whitespace));
                prop_assert_eq!(email(&address).ok(), Some(address));
            }
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(email(" Aigul.S@Example.KZ ").ok().as_deref(), Some("Aigul.S@example.kz"));
        for wrong in ["", "a", "a@b", "@b.kz", "a@.kz", "a b@c.kz", "a@c.kz\r\nBcc: x@y.kz", "a@b@c.kz", "<a@b.kz>", "a..b@c.kz"] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_has_bounds() {
        assert_eq!(text("  hello\n").ok(), Some("hello"));
        assert!(text(" \n ").is_err() && text(&"x".repeat(5_001)).is_err());
        assert_eq!(name("  ").ok(), Some(None));
        assert!(name("two\nlines").is_err());
    }
}
