//! Which headers pass the gateway, and what every answer carries.

use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

/// Ours alone: what arrives under this prefix was not said by us.
const OWN_PREFIX: &str = "x-kolsai-";

/// Hop-by-hop (RFC 9110, section 7.6.1), and what would tell services more about a person's device and way than they need.
const STOPPED: [HeaderName; 27] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::EXPECT,
    header::COOKIE,
    header::SET_COOKIE,
    header::FORWARDED,
    header::VIA,
    header::FROM,
    header::REFERER,
    header::ORIGIN,
    header::USER_AGENT,
    header::DNT,
    header::SERVER,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-client-ip"),
];
const STOPPED_PREFIXES: [&str; 6] = [OWN_PREFIX, "x-forwarded-", "sec-", "cf-", "proxy-", "access-control-"];

/// Takes from a request or an answer what must not pass.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&STOPPED) {
        headers.remove(name);
    }
    let prefixed: Vec<HeaderName> =
        headers.keys().filter(|name| STOPPED_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix))).cloned().collect();
    for name in prefixed {
        headers.remove(name);
    }
}

/// What a JSON caller may say to a service beside the message.
const FORWARDED_FROM_JSON: [HeaderName; 4] = [header::AUTHORIZATION, header::ACCEPT_LANGUAGE, header::RANGE, header::IF_NONE_MATCH];

/// The metadata of a call that came as JSON. A partner's signature stands in a header of the partner's choice, so a partner's own
/// headers pass as well.
pub(crate) fn metadata_of(headers: &HeaderMap, from_partner: bool) -> HeaderMap {
    let mut metadata = headers.clone();
    strip(&mut metadata);
    if !from_partner {
        metadata = FORWARDED_FROM_JSON.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
    }
    // These speak of the HTTP body, which the message replaces.
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::ACCEPT_ENCODING] {
        metadata.remove(name);
    }
    metadata
}

/// Bytes of all names and values.
pub(crate) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// The media type of a body: lower case, without parameters; empty when none is given.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// An answer's content security policy. An answer that is a page has its own among its extensions.
#[derive(Clone, Copy)]
pub(crate) struct Policy(&'static str);

impl Policy {
    /// A page without scripts, whose form goes back to where it came from.
    pub(crate) const WITH_FORM: Self = Self("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'");
    /// A page with pictures of ours, without scripts or forms.
    pub(crate) const WITH_PICTURE: Self =
        Self("default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; frame-ancestors 'none'");
}

/// Nothing else here is a page.
const NO_PAGE: Policy = Policy("default-src 'none'; frame-ancestors 'none'");

/// What every answer carries: nothing here is to be guessed, framed or remembered.
pub(crate) fn secure<B>(response: &mut Response<B>) {
    let Policy(policy) = response.extensions().get().copied().unwrap_or(NO_PAGE);
    let headers = response.headers_mut();
    let set = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in set.into_iter().skip(usize::from(foundation::sabotage::breaks("P24"))) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_only_we_may_say_and_what_belongs_to_the_hop_is_taken_out() {
        let mut map = headers(&[
            ("x-kolsai-peer", "privacy"),
            ("connection", "close, x-private"),
            ("x-private", "1"),
            ("cookie", "a=b"),
            ("x-forwarded-for", "198.51.100.1"),
            ("authorization", "Bearer t"),
            ("x-custom", "kept"),
        ]);
        strip(&mut map);
        assert_eq!(map, headers(&[("authorization", "Bearer t"), ("x-custom", "kept")]));
    }

    #[test]
    fn json_callers_say_little_and_partners_more() {
        let map = headers(&[
            ("authorization", "Bearer t"),
            ("x-signature", "s"),
            ("content-type", "application/json"),
            ("x-kolsai-peer", "privacy"),
        ]);
        assert_eq!(metadata_of(&map, false), headers(&[("authorization", "Bearer t")]));
        assert_eq!(metadata_of(&map, true), headers(&[("authorization", "Bearer t"), ("x-signature", "s")]));
    }

    #[test]
    fn a_media_type_has_no_parameters() {
        assert_eq!(media_type(&headers(&[("content-type", "Application/JSON; charset=utf-8")])), "application/json");
        assert_eq!(media_type(&HeaderMap::new()), "");
    }
}
