//! What a publication must say.

use contract::learning::v1::audiences::Audience;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Characters of a title, and of a name.
const LONGEST_TITLE: usize = 120;
const LONGEST_NAME: usize = 80;
/// More people than this are a crowd, whom nobody can have asked.
const MOST_PEOPLE: u32 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a work is shown to PUBLIC or to COURSE")]
    Audience,
    #[error("a title is one line of 1 to 120 characters")]
    Title,
    #[error("a name is one line of at most 80 characters")]
    SignedAs,
    #[error("say how many people can be recognised on the photograph; 0 when nobody can")]
    PeopleNotSaid,
    #[error(
        "everybody who can be recognised must have agreed to be shown (at most 30 people): say for each when and how, or choose another photograph"
    )]
    PortraitConsentMissing,
    #[error("a consent of somebody shown has a day that is not to come, and is WRITTEN or ELECTRONIC")]
    PortraitConsent,
}

/// That somebody who can be recognised agreed to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portrait {
    /// A day: `2026-05-09`.
    pub given_on: String,
    pub form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Written,
    Electronic,
}

/// An audience that a work can have.
pub fn audience(asked: Audience) -> Result<Audience, Unfit> {
    match asked {
        Audience::Public | Audience::Course => Ok(asked),
        Audience::Unspecified | Audience::CertificatePage => Err(Unfit::Audience),
    }
}

pub fn title(text: &str) -> Result<&str, Unfit> {
    line(text, LONGEST_TITLE).filter(|title| !title.is_empty()).ok_or(Unfit::Title)
}

/// None when nothing is written: then no name is shown.
pub fn signed_as(text: &str) -> Result<Option<&str>, Unfit> {
    let name = line(text, LONGEST_NAME).ok_or(Unfit::SignedAs)?;
    Ok((!name.is_empty()).then_some(name))
}

fn line(text: &str, longest: usize) -> Option<&str> {
    let text = text.trim();
    (text.chars().count() <= longest && !text.chars().any(char::is_control)).then_some(text)
}

/// One consent for each person who can be recognised, none of a day after `today`.
pub fn portraits(recognisable: Option<u32>, consents: &[(String, Option<Form>)], today: Date) -> Result<Vec<Portrait>, Unfit> {
    let people = recognisable.ok_or(Unfit::PeopleNotSaid)?;
    if people > MOST_PEOPLE || usize::try_from(people).ok() != Some(consents.len()) {
        return Err(Unfit::PortraitConsentMissing);
    }
    let read = consents.iter().map(|(day, form)| {
        let given_on = day.parse::<Date>().ok().filter(|day| *day <= today);
        Some(Portrait { given_on: given_on?.to_string(), form: (*form)? })
    });
    read.collect::<Option<_>>().ok_or(Unfit::PortraitConsent)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 5, 9);

    fn written(day: &str) -> (String, Option<Form>) {
        (day.to_owned(), Some(Form::Written))
    }

    #[test]
    fn whoever_can_be_recognised_has_agreed() {
        assert_eq!(portraits(Some(0), &[], TODAY), Ok(Vec::new()));
        assert_eq!(portraits(None, &[], TODAY), Err(Unfit::PeopleNotSaid));
        assert_eq!(portraits(Some(1), &[], TODAY), Err(Unfit::PortraitConsentMissing));
        assert_eq!(portraits(Some(0), &[written("2026-05-09")], TODAY), Err(Unfit::PortraitConsentMissing));
        assert_eq!(portraits(Some(2), &[written("2026-05-09")], TODAY), Err(Unfit::PortraitConsentMissing));
        assert_eq!(portraits(Some(u32::MAX), &[], TODAY), Err(Unfit::PortraitConsentMissing));
        let given = Portrait { given_on: TODAY.to_string(), form: Form::Written };
        assert_eq!(portraits(Some(1), &[written("2026-05-09")], TODAY), Ok(vec![given]));
        for day in ["2026-05-10", "", "yesterday", "2026-02-30"] {
            assert_eq!(portraits(Some(1), &[written(day)], TODAY), Err(Unfit::PortraitConsent), "{day}");
        }
        assert_eq!(portraits(Some(1), &[("2026-05-09".into(), None)], TODAY), Err(Unfit::PortraitConsent));
    }

    #[test]
    fn a_title_is_a_line_and_a_name_need_not_be() {
        assert_eq!(title("  Dawn over Kolsai "), Ok("Dawn over Kolsai"));
        for wrong in ["", "  ", "two\nlines", &"x".repeat(121)] {
            assert_eq!(title(wrong), Err(Unfit::Title));
        }
        assert_eq!(signed_as("  "), Ok(None));
        assert_eq!(signed_as(" A. B. "), Ok(Some("A. B.")));
        assert_eq!(signed_as(&"x".repeat(81)), Err(Unfit::SignedAs));
    }

    proptest! {
        #[test]
        fn no_people_are_shown_without_a_consent_each(people in 0_u32..40, given in 0_usize..40) {
            let consents = vec![written("2026-01-01"); given];
            let read = portraits(Some(people), &consents, TODAY);
            prop_assert_eq!(read.is_ok(), people as usize == given && people <= MOST_PEOPLE);
        }
    }
}
