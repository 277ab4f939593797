//! Defective JSON Web Tokens, which are refused.

use ring::hmac;
use serde_json::{Value, json};

use crate::{
    jwt::{NOW, good, now, settings, static_keys, with},
    support::{Signer, World, decode, encode, key_set},
};

/// Every defect, by its name, in a token that would be good without it.
fn defects(signer: &Signer) -> Vec<(&'static str, String)> {
    let (stranger, claims, header) = (Signer::es256(signer.kid), good().to_string(), signer.header());
    let token = signer.sign(&good());
    let parts: Vec<&str> = token.split('.').collect();
    let secret = signer.jwk()["x"].as_str().unwrap().to_owned();
    let hmac = |key: &[u8], kid: &str| {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let message = format!("{}.{}", encode(header), encode(&claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        format!("{message}.{}", encode(tag))
    };
    let claimed = |changes: Value| signer.sign(&with(changes));
    let headed = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        signer.sign_as(&header.to_string(), &claims)
    };
    let none = encode(json!({"alg": "none", "kid": signer.kid}).to_string());
    let tampered = encode(with(json!({"sub": "root"})).to_string());
    let twice = |name: &str| claims.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
    let link = "http://127.0.0.1:1/";
    let brought = json!({"alg": "ES256", "kid": signer.kid, "jwk": stranger.jwk(), "jku": link, "x5u": link});
    let nested = claims.replacen('{', "{\"x\":[{\"a\":1,\"a\":2}],", 1);
    let double_alg = header.to_string().replacen('{', "{\"alg\":\"ES256\",", 1);
    let header_text = header.to_string();
    let client = |aud: Value, usage: Value| claimed(json!({"aud": aud, "client_id": "sandcastle", "token_use": usage}));
    vec![
        ("unsigned", format!("{none}.{}.", parts[1])),
        ("unsigned, with a signature", format!("{none}.{}.{}", parts[1], parts[2])),
        ("HMAC with the public key as it is published", hmac(secret.as_bytes(), signer.kid)),
        ("HMAC with the bytes of the public key", hmac(signer.public_bytes(), signer.kid)),
        ("HMAC with the symmetric key of the set", hmac(b"secret", "shared")),
        ("another algorithm of the same key", headed("alg", "ES384".into())),
        ("an algorithm of another key", headed("alg", "RS256".into())),
        ("an unknown algorithm", headed("alg", "XX256".into())),
        ("unknown kid", headed("kid", "unknown".into())),
        ("no kid", signer.sign_as(&json!({"alg": signer.algorithm()}).to_string(), &claims)),
        ("signed by another key", stranger.sign(&good())),
        ("another key in the header", stranger.sign_as(&brought.to_string(), &claims)),
        ("tampered claims", format!("{}.{tampered}.{}", parts[0], parts[2])),
        ("tampered signature", format!("{}.{}.{}", parts[0], parts[1], encode([7; 64]))),
        ("truncated", token[..token.len() - 4].to_owned()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{token}.{}", parts[2])),
        ("padded", format!("{token}=")),
        ("longer than 8 KiB", claimed(json!({"more": "x".repeat(8192)}))),
        ("crit", headed("crit", json!(["exp"]))),
        ("empty crit", headed("crit", json!([]))),
        ("another type", headed("typ", "dpop+jwt".into())),
        ("header not JSON", signer.sign_as("{", &claims)),
        ("double header field", signer.sign_as(&double_alg, &claims)),
        ("claims not JSON", signer.sign_as(&header_text, "{")),
        ("claims no object", signer.sign_as(&header_text, "[]")),
        ("double registered claim", signer.sign_as(&header_text, &twice("iss"))),
        ("double claim", signer.sign_as(&header_text, &twice("org"))),
        ("double name in a claim", signer.sign_as(&header_text, &nested)),
        ("expired", claimed(json!({"exp": NOW - 61}))),
        ("no exp", claimed(json!({"exp": null}))),
        ("exp no number", claimed(json!({"exp": (NOW + 600).to_string()}))),
        ("not yet", claimed(json!({"nbf": NOW + 61}))),
        ("nbf no number", claimed(json!({"nbf": "0"}))),
        ("another issuer", claimed(json!({"iss": "https://idp.example.com"}))),
        ("no issuer", claimed(json!({"iss": null}))),
        ("two issuers", claimed(json!({"iss": ["https://idp.example.com/"]}))),
        ("another audience", claimed(json!({"aud": "sandcastles"}))),
        ("other audiences", claimed(json!({"aud": ["a", "b"]}))),
        ("no audience", claimed(json!({"aud": null}))),
        ("a client in place of the audience", client(Value::Null, Value::Null)),
        ("a client beside another audience", client("a".into(), "access".into())),
        ("an ID token", claimed(json!({"token_use": "id"}))),
        ("no org", claimed(json!({"org": null}))),
        ("empty org", claimed(json!({"org": ""}))),
        ("two orgs", claimed(json!({"org": ["acme", "other"]}))),
        ("org no text", claimed(json!({"org": 1}))),
        ("no member", claimed(json!({"sub": null}))),
    ]
}

#[tokio::test]
async fn every_defect_is_401_and_none_tells_which() {
    let signer = Signer::es256("k");
    let shared = json!({"kty": "oct", "kid": "shared", "k": encode("secret"), "alg": "HS256"});
    let rsa = Signer::rs256("rsa").jwk();
    let world = World::with_jwt(Some(settings(&key_set(&[signer.jwk(), shared, rsa]), &[])), now).await;
    let unknown_key = world.with_token("tql_unknown").await;
    assert_eq!(world.with_token(&signer.sign(&good())).await.status, 200);
    let mut wrong = Vec::new();
    for (defect, token) in defects(&signer) {
        let answer = world.with_token(&token).await;
        // What is too long is not even read as a token.
        let same = answer.message() == unknown_key.message() || token.len() > 8192;
        if (answer.status.as_u16(), answer.code(), same) != (401, "unauthenticated", true) {
            wrong.push((defect, answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn the_public_rsa_key_is_no_secret_for_an_hmac() {
    let signer = Signer::rs256("k");
    let world = World::with_jwt(Some(static_keys(&[&signer], &[])), now).await;
    let message = format!("{}.{}", encode(json!({"alg": "HS256", "kid": "k"}).to_string()), encode(good().to_string()));
    for key in [signer.public_bytes(), &decode(&signer.jwk()["n"]), signer.jwk()["n"].as_str().unwrap().as_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        assert_eq!(world.with_token(&format!("{message}.{}", encode(tag))).await.status, 401);
    }
}
