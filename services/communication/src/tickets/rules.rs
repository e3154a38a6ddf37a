//! How a ticket goes from one state to the next, and what may be written into it.

use contract::communication::v1::{TicketState as State, Topic};
use foundation::{PersonId, contact};

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

pub fn text(text: &str) -> Result<&str, Error> {
    let trimmed = text.trim();
    let fits = !trimmed.is_empty() && trimmed.chars().count() <= LONGEST_TEXT;
    if fits { Ok(trimmed) } else { Err(Error::Text) }
}

/// A name, or none when empty.
pub fn name(name: &str) -> Result<Option<&str>, Error> {
    if name.trim().is_empty() {
        return Ok(None);
    }
    contact::name(name).map(Some).map_err(|_| Error::Name)
}

/// An address that a mail can go to; its domain in lower case.
pub fn email(address: &str) -> Result<String, Error> {
    contact::email(address).map_err(|_| Error::Email)
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
        prop_oneof![
            agent.clone().prop_map(Step::Take),
            agent.clone().prop_map(Step::Answer),
            Just(Step::WriteOn),
            agent.prop_map(Step::Close)
        ]
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
    }

    #[test]
    fn what_is_written_has_bounds() {
        assert_eq!(text("  hello\n").ok(), Some("hello"));
        assert!(text(" \n ").is_err() && text(&"x".repeat(5_001)).is_err());
        assert_eq!(name("  ").ok(), Some(None));
        assert_eq!(name(" Dana ").ok(), Some(Some("Dana")));
        assert!(name("two\nlines").is_err() && name("see evil.example").is_err());
    }
}
