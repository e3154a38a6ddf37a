use std::{fmt, marker::PhantomData};

/// Stands in `Debug` where a personal field would be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Withheld;

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<withheld>")
    }
}

/// Shows the number of an enumeration by its name, or as it is when it has none.
pub(crate) struct Named<E>(i32, PhantomData<E>);

pub(crate) fn named<E>(number: i32) -> Named<E> {
    Named(number, PhantomData)
}

impl<E: TryFrom<i32> + fmt::Debug> fmt::Debug for Named<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match E::try_from(self.0) {
            Ok(value) => value.fmt(f),
            Err(_) => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Purpose,
        google::api::HttpBody,
        identity::v1::{AgeBracket, Profile, RegisterRequest, UpdateProfileRequest},
        keyring::v1::{LeaseRequest, LeaseResponse, LeasedKey, leased_key::Refusal},
    };

    #[test]
    fn personal_fields_are_withheld_wherever_the_message_is_shown() {
        let profile = Profile {
            first_name: "Aigul".into(),
            email: "aigul@example.kz".into(),
            age_bracket: AgeBracket::Under14.into(),
            ..Default::default()
        };
        let shown = format!("{:?}", UpdateProfileRequest { profile: Some(profile), update_mask: None });
        assert!(shown.contains("first_name: <withheld>") && shown.contains("age_bracket: <withheld>"), "{shown}");
        assert!(!shown.contains("Aigul") && !shown.contains("aigul@") && !shown.contains("Under14"), "{shown}");

        let shown =
            format!("{:?}", RegisterRequest { password: "correct horse".into(), idempotency_key: "k-1".into(), ..Default::default() });
        assert!(!shown.contains("horse") && shown.contains("idempotency_key: \"k-1\""), "{shown}");
    }

    #[test]
    fn lists_and_enumerations_are_shown_by_name_and_persons_are_not() {
        let shown = format!("{:?}", LeaseRequest { person_ids: vec!["p-1".into()], category: 1, purpose: Purpose::Education.into() });
        assert_eq!(shown, "LeaseRequest { person_ids: <withheld>, category: Account, purpose: Education }");
        let key = LeasedKey { refusal: Refusal::Erased.into(), key: vec![1, 2, 3], ..Default::default() };
        let shown = format!("{:?}", LeaseResponse { keys: vec![key] });
        assert!(shown.contains("refusal: Erased") && shown.contains("key: <withheld>"), "{shown}");
        assert!(format!("{:?}", LeasedKey { refusal: 99, ..Default::default() }).contains("refusal: 99"));
    }

    #[test]
    fn a_raw_body_is_never_shown() {
        let shown = format!("{:?}", HttpBody { content_type: "image/jpeg".into(), data: vec![0xff, 0xd8], extensions: vec![] });
        assert!(shown.contains("image/jpeg") && shown.contains("data: <withheld>"), "{shown}");
    }
}
