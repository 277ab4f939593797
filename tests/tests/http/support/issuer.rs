//! An identity provider: keys that sign tokens, and a server on loopback that publishes them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// A key that signs.
pub(crate) struct Signer {
    pub(crate) kid: &'static str,
    pair: Pair,
}

enum Pair {
    Rs256(Box<RsaKeyPair>),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signer {
    /// The one RSA key of these tests: ring makes none.
    pub(crate) fn rs256(kid: &'static str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("rsa.pk8")).unwrap();
        Self { kid, pair: Pair::Rs256(Box::new(pair)) }
    }

    /// A new key.
    pub(crate) fn es256(kid: &'static str) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let secret = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self { kid, pair: Pair::Es256(EcdsaKeyPair::from_pkcs8(kind, secret.as_ref(), &random).unwrap()) }
    }

    /// A new key.
    pub(crate) fn eddsa(kid: &'static str) -> Self {
        let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { kid, pair: Pair::EdDsa(Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap()) }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rs256(_) => "RS256",
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
        }
    }

    /// The bytes of the public key.
    pub(crate) fn public_bytes(&self) -> &[u8] {
        match &self.pair {
            Pair::Rs256(pair) => pair.public_key().as_ref(),
            Pair::Es256(pair) => pair.public_key().as_ref(),
            Pair::EdDsa(pair) => pair.public_key().as_ref(),
        }
    }

    /// The public key as it is published.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rs256(pair) => {
                let parts: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
                json!({"kty": "RSA", "n": encode(parts.n), "e": encode(parts.e)})
            }
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Pair::EdDsa(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        };
        jwk["kid"] = self.kid.into();
        jwk["alg"] = self.algorithm().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "kid": self.kid, "typ": "JWT"})
    }

    /// A token.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header().to_string(), &claims.to_string())
    }

    /// A token of these texts.
    pub(crate) fn sign_as(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = match &self.pair {
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(signature))
    }
}

/// Base64url, as tokens have it.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of what is written so.
pub(crate) fn decode(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

/// A JSON Web Key Set.
pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// What the server answers.
#[derive(Clone)]
pub(crate) enum Published {
    Text(u16, String),
    /// To a path where good keys are.
    Redirect,
    /// Never an answer.
    Silence,
}

/// The server.
pub(crate) struct Issuer {
    /// Where its keys are.
    pub(crate) url: String,
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    published: Mutex<Published>,
    redirected_to: String,
    fetches: AtomicUsize,
}

impl Issuer {
    /// Publishes keys.
    pub(crate) async fn start(keys: &[Value]) -> Self {
        let good = key_set(keys);
        let published = Mutex::new(Published::Text(200, good.clone()));
        let state = Arc::new(Shared { published, redirected_to: good, fetches: AtomicUsize::new(0) });
        let router = Router::new()
            .route("/keys", get(answer))
            .route("/elsewhere", get(|State(shared): State<Arc<Shared>>| async move { shared.redirected_to.clone() }))
            .with_state(Arc::clone(&state));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", socket.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        Self { url, state, task }
    }

    pub(crate) fn publish(&self, published: Published) {
        *self.state.published.lock().unwrap() = published;
    }

    pub(crate) fn publish_keys(&self, keys: &[Value]) {
        self.publish(Published::Text(200, key_set(keys)));
    }

    /// How often it was asked for its keys.
    pub(crate) fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>) -> Response {
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    let published = shared.published.lock().unwrap().clone();
    match published {
        Published::Text(status, text) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Published::Redirect => (StatusCode::FOUND, [(LOCATION, "/elsewhere")]).into_response(),
        Published::Silence => std::future::pending().await,
    }
}
