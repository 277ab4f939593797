//! JSON Web Tokens: which are accepted, when, and for which principal.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use sandcastle::{Name, Principal, Scope, Secret};
use sandcastle_execute::{Authenticator, JwtSettings, jwt_settings};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{MemoryStore, Signer, World, key_set};

/// The time of these tests: long ago, so that whoever looks at the system's clock finds every token expired.
pub(crate) const NOW: i64 = 1_000_000_000;

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

pub(crate) fn settings(jwks: &str, more: &[(&str, &str)]) -> JwtSettings {
    let usual = [("JWT_ISSUER", "https://idp.example.com/"), ("JWT_AUDIENCE", "sandcastle, other"), ("JWT_JWKS", jwks)];
    let find = |name: &str| more.iter().chain(&usual).find(|(known, _)| *known == name);
    jwt_settings(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap().unwrap()
}

pub(crate) fn static_keys(signers: &[&Signer], more: &[(&str, &str)]) -> JwtSettings {
    settings(&key_set(&signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()), more)
}

/// Claims that get in.
pub(crate) fn good() -> Value {
    json!({"iss": "https://idp.example.com/", "aud": "sandcastle", "exp": NOW + 600, "org": "acme", "sub": "ada",
        "scope": "sandbox:read sandbox:write sandbox:execute"})
}

/// Good claims with others in their place; null takes one away.
pub(crate) fn with(changes: Value) -> Value {
    let mut claims = good();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn principal(settings: JwtSettings, token: String) -> Option<Principal> {
    let authenticator = Authenticator::new(Arc::new(MemoryStore::default()), now).with_jwt(Some(settings));
    authenticator.principal(&Secret::new(token)).await.unwrap()
}

fn expected(org: &str, member: &str, scopes: &[Scope]) -> Option<Principal> {
    let name = |text| Name::parse(text).unwrap();
    Some(Principal { org: name(org), member: Some(name(member)), scopes: scopes.to_vec(), sandbox_limit: None })
}

#[tokio::test]
async fn a_token_of_each_algorithm_gets_in_beside_api_keys() {
    let signers = [Signer::rs256("1"), Signer::es256("2"), Signer::eddsa("3")];
    let world = World::with_jwt(Some(static_keys(&signers.each_ref(), &[])), now).await;
    for signer in &signers {
        let token = signer.sign(&good());
        let caller = World { token, ..World::with_jwt(Some(static_keys(&[signer], &[])), now).await };
        let id = caller.sandbox().await;
        assert_eq!(caller.execute(&id, "1").await.status, 200);
        for typ in ["at+jwt", "application/at+jwt", "jwt"] {
            let header = json!({"alg": signer.algorithm(), "kid": signer.kid, "typ": typ}).to_string();
            assert_eq!(world.with_token(&signer.sign_as(&header, &good().to_string())).await.status, 200, "{typ}");
        }
    }
    assert_eq!(world.with_token(&world.token).await.status, 200);
    let off = World::at(now).await;
    assert_eq!(off.with_token(&signers[0].sign(&good())).await.status, 401, "where no issuer is believed");
}

#[tokio::test]
async fn tokens_of_cognito_auth0_and_okta_are_understood() {
    let signer = Signer::rs256("k");
    let [read, write, execute] = Scope::ALL;
    let cognito = json!({"sub": "aaaaaaaa-bbbb-cccc-dddd-example", "cognito:groups": ["acme"], "token_use": "access",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example", "version": 2, "jti": "j",
        "client_id": "client1example", "origin_jti": "o", "event_id": "e",
        "scope": "openid api/sandbox:execute api/sandbox:read",
        "auth_time": NOW, "iat": NOW, "exp": NOW + 3600, "username": "ada"});
    let auth0 = json!({"iss": "https://example.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "iat": NOW,
        "aud": ["https://api.example.com", "https://example.eu.auth0.com/userinfo"], "exp": NOW + 86400,
        "azp": "client", "https://example.com/org": "acme", "permissions": ["sandbox:read", "sandbox:write"]});
    let okta = json!({"ver": 1, "jti": "AT.x", "iss": "https://example.okta.com/oauth2/default", "aud": "api://default",
        "iat": NOW, "exp": NOW + 3600, "cid": "client", "uid": "00u1a2b3", "scp": ["openid", "sandbox:write"],
        "sub": "ada@example.com", "org": "acme"});
    let providers = [
        (
            cognito,
            "client1example,api",
            ("JWT_ORG_CLAIM", "cognito:groups"),
            ("JWT_MEMBER_CLAIM", "username"),
            "ada",
            vec![read, execute],
        ),
        (
            auth0,
            "https://api.example.com",
            ("JWT_ORG_CLAIM", "https://example.com/org"),
            ("JWT_MEMBER_CLAIM", ""),
            "j_41aa487887e3c45c19b2448b2f0365",
            vec![read, write],
        ),
        (okta, "api://default", ("JWT_ORG_CLAIM", ""), ("JWT_MEMBER_CLAIM", "uid"), "00u1a2b3", vec![write]),
    ];
    for (claims, audience, org, member_claim, member, scopes) in providers {
        let issuer = claims["iss"].as_str().unwrap();
        let settings =
            static_keys(&[&signer], &[("JWT_ISSUER", issuer), ("JWT_AUDIENCE", audience), org, member_claim]);
        // None of them gives an access token a `typ` that can be relied on.
        let token = signer.sign_as("{\"kid\":\"k\",\"alg\":\"RS256\"}", &claims.to_string());
        assert_eq!(principal(settings, token).await, expected("acme", member, &scopes), "{issuer}");
    }
}

static CLOCK: AtomicI64 = AtomicI64::new(NOW);

#[tokio::test]
async fn a_token_is_valid_from_nbf_to_exp_and_a_minute_beside() {
    let signer = Signer::eddsa("k");
    let now = || OffsetDateTime::from_unix_timestamp(CLOCK.load(Ordering::SeqCst)).unwrap();
    let world = World::with_jwt(Some(static_keys(&[&signer], &[])), now).await;
    let token = signer.sign(&with(json!({"nbf": NOW, "exp": NOW + 100})));
    for (at, status) in [(-61, 401), (-60, 200), (0, 200), (100, 200), (159, 200), (160, 401)] {
        CLOCK.store(NOW + at, Ordering::SeqCst);
        assert_eq!(world.with_token(&token).await.status.as_u16(), status, "{at} s");
    }
}

#[tokio::test]
async fn only_known_scopes_of_the_first_claim_count() {
    let signer = Signer::eddsa("k");
    let [read, write, execute] = Scope::ALL;
    let cases = [
        (json!({"scope": "openid sandbox:read root sandbox:readx"}), vec![read]),
        (
            json!({"scope": "evil/sandbox:read other/sandbox:write sandcastle/sandbox:execute x/other/sandbox:read"}),
            vec![write, execute],
        ),
        (json!({"scope": "openid", "permissions": ["sandbox:write"]}), vec![]),
        (json!({"scope": null, "scp": ["sandbox:write", 7], "permissions": ["sandbox:read"]}), vec![write]),
        (json!({"scope": null, "permissions": ["sandbox:execute"]}), vec![execute]),
        (json!({"scope": {"sandbox:read": true}}), vec![]),
        (json!({"scope": null}), vec![]),
    ];
    for (changes, scopes) in cases {
        let found = principal(static_keys(&[&signer], &[]), signer.sign(&with(changes.clone()))).await;
        assert_eq!(found, expected("acme", "ada", &scopes), "{changes}");
    }
    let settings = static_keys(&[&signer], &[("JWT_SCOPE_CLAIM", "roles")]);
    let token = signer.sign(&with(json!({"roles": ["sandbox:read"]})));
    assert_eq!(principal(settings.clone(), token).await, expected("acme", "ada", &[read]));
    let world = World::with_jwt(Some(settings), now).await;
    let powerless = World { token: signer.sign(&good()), ..world };
    assert_eq!(powerless.call("POST", "/v2/sandcastles", "").await.status, 403);
}

#[tokio::test]
async fn a_chosen_sub_never_becomes_another_member() {
    let signer = Signer::eddsa("k");
    let member = async |sub: &str| {
        let found = principal(static_keys(&[&signer], &[]), signer.sign(&with(json!({"sub": sub})))).await;
        found.unwrap().member.unwrap().as_str().to_owned()
    };
    for kept in ["ada", "A.b_9", "j", "J_x", &"x".repeat(32)] {
        assert_eq!(member(kept).await, *kept);
    }
    let victim = member("auth0|5f7c8ec7c33c6c004bbafe82").await;
    // The SHA-256 of that text, as sha256sum prints it, begins so.
    assert_eq!(victim, "j_41aa487887e3c45c19b2448b2f0365");
    let chosen = [
        &victim,
        "auth0|5f7c8ec7c33c6c004bbafe83",
        "auth0|5f7c8ec7c33c6c004bbafe82 ",
        "j_",
        ".ada",
        &"x".repeat(33),
        "a-b",
        "Ä",
    ];
    let mut names = vec![victim.clone()];
    for sub in chosen {
        let name = member(sub).await;
        assert!(name.starts_with("j_") && name.len() == 32 && !names.contains(&name), "{sub}: {name}");
        names.push(name);
    }
}
