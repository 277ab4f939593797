//! One API key sends 20 times the requests that its limit allows: how much slower are the calls of another key, and how are
//! the requests above the limit answered?

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use sandcastle_e2e::{
    api::Api,
    server::{Server, new_key},
};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::times::percentile;

/// Requests per second that each key may send.
const LIMIT: u32 = 50;
/// The flood, as a multiple of the limit.
const FLOOD: u32 = 20;
/// Connections of the flood.
const CONNECTIONS: u32 = 8;
/// Calls per second of the other key.
const QUIET: u32 = 25;
/// Aim: how many times as long its calls may take during the flood.
const MAX_RATIO: f64 = 1.5;

/// The answers to a flood.
#[derive(Default)]
struct Answers {
    /// How often each status; 0 for a broken connection.
    statuses: BTreeMap<u16, u32>,
    /// Refusals without the required headers or error code.
    incomplete: u32,
}

/// Measures during a flood of this many seconds.
pub(crate) async fn measure(folder: &std::path::Path, seconds: u64) -> Result<(), Box<dyn Error>> {
    let data = folder.join("fairness");
    let server = Server::start(&data, &[("KEY_REQUESTS_PER_SECOND", &LIMIT.to_string()), ("RUST_LOG", "info")]);
    let (quiet, flooder) = (server.api(), new_key(&data, "local", "flooder"));
    let (sandbox, target) = (quiet.start().await, Api::new(&server.url, &flooder).start().await);
    let duration = Duration::from_secs(seconds);
    steady(&quiet, &sandbox, Duration::from_secs(1)).await;
    let before = steady(&quiet, &sandbox, duration).await;
    let began = Instant::now();
    let url = format!("{}/v2/sandcastles/{target}/execute", server.url);
    let floods = (0..CONNECTIONS).map(|_| tokio::spawn(flood(url.clone(), flooder.clone(), duration)));
    let floods: Vec<_> = floods.collect();
    let under = steady(&quiet, &sandbox, duration).await;
    let mut answers = Answers::default();
    for one in futures::future::join_all(floods).await {
        let one = one?;
        answers.incomplete += one.incomplete;
        one.statuses.into_iter().for_each(|(status, times)| *answers.statuses.entry(status).or_default() += times);
    }
    report(&before, &under, &answers, began.elapsed());
    Ok(())
}

/// Calls at a steady rate: the time of each.
async fn steady(api: &Api, sandbox: &str, duration: Duration) -> Vec<Duration> {
    let (until, mut times) = (Instant::now() + duration, Vec::new());
    let mut ticks = interval(Duration::from_secs(1) / QUIET);
    while Instant::now() < until {
        ticks.tick().await;
        let began = Instant::now();
        assert_eq!(api.output(sandbox, "print(2+2)").await, ["4"]);
        times.push(began.elapsed());
    }
    times
}

/// One connection's part of the flood.
async fn flood(url: String, key: String, duration: Duration) -> Answers {
    let http = reqwest::Client::new();
    let (until, mut answers) = (Instant::now() + duration, Answers::default());
    let mut ticks = interval(Duration::from_secs(1) * CONNECTIONS / (LIMIT * FLOOD));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while Instant::now() < until {
        ticks.tick().await;
        let request = http.post(&url).bearer_auth(&key).json(&json!({ "code": "1" }));
        let Ok(response) = request.send().await else {
            *answers.statuses.entry(0).or_default() += 1;
            continue;
        };
        let status = response.status().as_u16();
        *answers.statuses.entry(status).or_default() += 1;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
        let complete = number("retry-after") >= Some(1)
            && number("ratelimit-limit") == Some(LIMIT.into())
            && number("ratelimit-remaining") == Some(0)
            && number("ratelimit-reset") >= Some(1);
        let body: Value = response.json().await.unwrap_or_default();
        let code = body.pointer("/error/code").and_then(Value::as_str);
        answers.incomplete += u32::from(status == 429 && !(complete && code == Some("rate_limit_exceeded")));
    }
    answers
}

fn report(before: &[Duration], under: &[Duration], answers: &Answers, took: Duration) {
    for (what, percent) in [("median", 50), ("95th percentile", 95)] {
        let (alone, flooded) = (percentile(before, percent), percentile(under, percent));
        let ratio = flooded.as_secs_f64() / alone.as_secs_f64();
        let verdict = if ratio <= MAX_RATIO { "ok" } else { "MISSED" };
        let what = format!("a key's calls while another key floods: {what}");
        println!(
            "{what:<52} {:>9.3} ms  × {ratio:.2} of {:.3} ms alone (aim: at most {MAX_RATIO})  {verdict}",
            flooded.as_secs_f64() * 1000.0,
            alone.as_secs_f64() * 1000.0
        );
    }
    let sent: u32 = answers.statuses.values().sum();
    let rate = f64::from(sent) / took.as_secs_f64();
    let others: u32 = answers.statuses.iter().filter(|(status, _)| !matches!(status, 200 | 429)).map(|(_, n)| n).sum();
    let flooded = rate >= 0.9 * f64::from(LIMIT * FLOOD);
    let verdict = if others == 0 && answers.incomplete == 0 && flooded { "ok" } else { "MISSED" };
    println!(
        "{:<52} {rate:>9.0} of {} intended: {:?}, {} incomplete refusals  {verdict}",
        "the flood: requests per second, answers by status",
        LIMIT * FLOOD,
        answers.statuses,
        answers.incomplete
    );
}
