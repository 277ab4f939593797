//! The settings of JSON Web Tokens.

use sandcastle_execute::{JwtSettings, KeySource, config::Config, jwt_settings};

use crate::support::{Signer, key_set};

const ISSUER: (&str, &str) = ("JWT_ISSUER", "https://idp.example.com/");
const AUDIENCE: (&str, &str) = ("JWT_AUDIENCE", "api");

fn read(variables: &[(&str, &str)]) -> Result<Option<JwtSettings>, String> {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    jwt_settings(|name| find(name).map(|(_, value)| (*value).to_owned())).map_err(|error| error.to_string())
}

#[test]
fn an_issuer_and_an_audience_are_all_that_has_to_be_said() {
    let names = ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS", "JWT_ORG_CLAIM", "JWT_MEMBER_CLAIM", "JWT_SCOPE_CLAIM"];
    assert_eq!(read(&names.map(|name| (name, ""))), Ok(None));
    let usual = JwtSettings {
        issuer: "https://idp.example.com/".into(),
        audience: vec!["api".into()],
        keys: KeySource::Url("https://idp.example.com/.well-known/jwks.json".into()),
        org_claim: "org".into(),
        member_claim: "sub".into(),
        scope_claims: vec!["scope".into(), "scp".into(), "permissions".into()],
    };
    assert_eq!(read(&[ISSUER, AUDIENCE]), Ok(Some(usual.clone())));
    let find =
        |name: &str| [ISSUER, AUDIENCE, ("SANDCASTLE_BUCKET", "b")].into_iter().find(|(known, _)| *known == name);
    let config = Config::from_lookup(|name| find(name).map(|(_, value)| value.to_owned())).unwrap();
    assert_eq!(config.jwt, Some(usual), "the function reads them too");
}

#[test]
fn values_are_taken_over() {
    let set = [
        ("JWT_ISSUER", "idp"),
        ("JWT_AUDIENCE", "a, b,,"),
        ("JWT_JWKS", "https://keys.example.com:81/x?y"),
        ("JWT_ORG_CLAIM", "https://example.com/org"),
        ("JWT_MEMBER_CLAIM", "uid"),
        ("JWT_SCOPE_CLAIM", "roles"),
    ];
    let settings = read(&set).unwrap().unwrap();
    assert_eq!((settings.issuer.as_str(), settings.audience), ("idp", vec!["a".to_owned(), "b".into()]));
    assert_eq!(settings.keys, KeySource::Url("https://keys.example.com:81/x?y".into()));
    assert_eq!((settings.org_claim.as_str(), settings.member_claim.as_str()), ("https://example.com/org", "uid"));
    assert_eq!(settings.scope_claims, ["roles"]);
    let keys = key_set(&[Signer::es256("1").jwk(), Signer::eddsa("2").jwk()]);
    let settings = read(&[ISSUER, AUDIENCE, ("JWT_JWKS", &keys)]).unwrap().unwrap();
    assert!(matches!(&settings.keys, KeySource::Keys(keys) if keys.len() == 2), "{settings:?}");
}

#[test]
fn what_is_wrong_is_told_by_name_and_not_quoted() {
    for name in ["JWT_AUDIENCE", "JWT_JWKS", "JWT_ORG_CLAIM", "JWT_MEMBER_CLAIM", "JWT_SCOPE_CLAIM"] {
        let error = read(&[(name, "the-value")]).unwrap_err();
        assert!(error.contains("JWT_ISSUER") && error.contains(name) && !error.contains("the-value"), "{error}");
    }
    for audience in ["", " ", ",", " , "] {
        assert!(read(&[ISSUER, ("JWT_AUDIENCE", audience)]).unwrap_err().contains("JWT_AUDIENCE"), "{audience}");
    }
    let symmetric = "{\"keys\": [{\"kty\": \"oct\", \"k\": \"c2VjcmV0\"}]}";
    for jwks in [
        "keys.example.com",
        "ftp://keys.example.com",
        "http://keys.example.com",
        "http://127.0.0.1.example.com",
        "http://",
        "http://a b",
        "{",
        "{}",
        "{\"keys\": []}",
        symmetric,
    ] {
        let error = read(&[ISSUER, AUDIENCE, ("JWT_JWKS", jwks)]).unwrap_err();
        assert!(error.contains("JWT_JWKS") && (jwks.len() < 8 || !error.contains(jwks)), "{jwks}: {error}");
    }
    assert!(read(&[("JWT_ISSUER", "idp"), AUDIENCE]).unwrap_err().contains("JWT_JWKS"), "no URL to find keys at");
}
