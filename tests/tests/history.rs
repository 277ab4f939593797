//! Random histories: clients call several front ends over one bucket, and a model that reads the ledger must explain every
//! answer; plain Python, which runs the same code in the ledger's order, must print the same. Kernels and front ends are killed,
//! and storage fails. `SANDCASTLE_SEED` repeats the calls of a history and the faults of its storage, and
//! `SANDCASTLE_OPERATIONS` sets how many calls there are in all tests of this file together; `make soak` runs a long one.
#![cfg(test)]

#[path = "history/fronts.rs"]
mod fronts;
#[path = "history/level.rs"]
mod level;
#[path = "history/matching.rs"]
mod matching;
#[path = "history/model.rs"]
mod model;
#[path = "history/plan.rs"]
mod plan;
#[path = "history/reads.rs"]
mod reads;
#[path = "history/record.rs"]
mod record;
#[path = "history/replay.rs"]
mod replay;
#[path = "history/servers.rs"]
mod servers;
#[path = "history/stored.rs"]
mod stored;
#[path = "history/story.rs"]
mod story;
#[path = "history/values.rs"]
mod values;
#[path = "history/work.rs"]
mod work;

use std::{sync::Arc, time::Duration};

use fronts::{Front, World};
use plan::{Act, Shape, Step};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandcastle_e2e::{deployment::Deployment, gateway::Gateway, paths, s3_faults::Faults, server::KEY};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use servers::{Servers, back_at, new_world};
use story::Story;

const SANDBOXES: usize = 5;
const CLIENTS: usize = 4;
/// Calls of all tests together, unless it is said otherwise.
const OPERATIONS: usize = 2_000;

/// The seed, and how many calls a test makes that has this part of all of them, in tenths.
fn size(tenths: usize) -> (u64, usize) {
    let seed = paths::number("SANDCASTLE_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let all = paths::number("SANDCASTLE_OPERATIONS").map_or(OPERATIONS, |all| usize::try_from(all).unwrap());
    println!("SANDCASTLE_SEED={seed}");
    (seed, all * tenths / 10)
}

/// All clients at once, each with its own steps.
async fn play(world: &World, seed: u64, clients: usize, operations: usize, shape: Shape) {
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let (world, steps) = (world.clone(), plan::steps(seed, client, operations / clients, shape));
            tokio::spawn(async move {
                for step in steps {
                    world.carry_out(step).await;
                    let made = world.recorder.count();
                    if made.is_multiple_of(1_000) {
                        println!("{made} of {operations} calls");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// When nothing happens: status, executions and lists of everything, from every front end.
async fn look_around(world: &World, round: &str) {
    for front in 0..world.fronts.len() {
        let lists = [Act::List { running: true }, Act::List { running: false }];
        let of_each = (0..world.sandboxes.len()).flat_map(|n| [(n, Act::Status), (n, Act::Executions)]);
        for (n, (sandbox, act)) in lists.into_iter().map(|list| (0, list)).chain(of_each).enumerate() {
            world.carry_out(Step { sandbox, front, act, token: format!("{round}{front}n{n}") }).await;
        }
    }
}

/// All variables of all sandboxes, through every front end.
async fn look_at_variables(world: &World) {
    for sandbox in 0..world.sandboxes.len() {
        for front in 0..world.fronts.len() {
            let act = Act::Execute { values: values::look_at_all(), verbs: Vec::new(), pause_ms: 0, fails: false };
            world.carry_out(Step { sandbox, front, act, token: format!("look{sandbox}at{front}") }).await;
        }
    }
}

/// Looks around, stops every sandbox, looks around again, and has the model explain all of it.
async fn end(world: &World, seed: u64, s3: &EmbeddedS3) {
    look_around(world, "before").await;
    look_at_variables(world).await;
    let store = Arc::new(S3Store::connect(s3.store_config()).await);
    let mut objects = 0;
    for id in world.sandboxes.iter() {
        objects += stored::check(&store, id).await;
    }
    println!("entries name objects {objects} times, and each is there");
    // Through every front end: one that did not carry the stop out does not hear of it, and keeps an idle kernel.
    for sandbox in 0..world.sandboxes.len() {
        for front in 0..world.fronts.len() {
            world.carry_out(Step { sandbox, front, act: Act::Stop, token: format!("end{sandbox}at{front}") }).await;
        }
    }
    look_around(world, "after").await;
    let calls = world.recorder.calls.lock().unwrap().clone();
    let kills = world.recorder.kills.lock().unwrap().clone();
    println!(
        "{}; {} kills ({} of a front end)",
        reads::summary(&calls),
        kills.len(),
        kills.iter().filter(|kill| kill.whole).count()
    );
    let mut stories = Vec::new();
    for sandbox in 0..world.sandboxes.len() {
        stories.push(Story::read(seed, world, sandbox, Arc::clone(&store)).await);
    }
    let printed = replay::printed(&stories);
    println!("plain Python explains {} executions", printed.iter().flatten().filter(|lines| !lines.is_empty()).count());
    for (story, printed) in stories.iter().zip(&printed) {
        let states = model::replay(story, printed);
        reads::check(story, &states);
        let inputs: Vec<_> = story.inputs().rev().collect();
        for front in world.fronts.iter() {
            let listed = front.api.read().await.executions(&story.id).await;
            let listed: Vec<_> = listed.iter().map(|one| one["input"].as_str().unwrap()).collect();
            assert_eq!(
                listed, inputs,
                "SANDCASTLE_SEED={seed}, sandbox {}: another list than the ledger's",
                story.sandbox
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_several_servers_is_explained_by_the_ledger() {
    let (seed, operations) = size(2);
    let servers = Servers::start().await;
    let levels = servers.warm_up().await;
    let world = servers.new_world(SANDBOXES).await;
    let shape = Shape { sandboxes: SANDBOXES, fronts: servers.fronts.len(), own_front: false };
    play(&world, seed, CLIENTS, operations, shape).await;
    end(&world, seed, &servers.s3).await;
    back_at(&servers, &levels, seed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_explained_although_kernels_and_servers_are_killed() {
    let (seed, operations) = size(2);
    let servers = Servers::start().await;
    let levels = servers.warm_up().await;
    let world = servers.new_world(SANDBOXES).await;
    let shape = Shape { sandboxes: SANDBOXES, fronts: servers.fronts.len(), own_front: false };
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let killer = tokio::spawn(kill(world.clone(), seed, Arc::clone(&over)));
    play(&world, seed.wrapping_add(1), CLIENTS, operations, shape).await;
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    killer.await.unwrap();
    end(&world, seed, &servers.s3).await;
    back_at(&servers, &levels, seed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_explained_although_storage_fails_and_kernels_are_killed() {
    let (seed, operations) = size(5);
    let faults = Faults::new(seed);
    let servers = Servers::start_behind(&faults).await;
    let levels = servers.warm_up().await;
    let world = servers.new_world(SANDBOXES).await;
    let shape = Shape { sandboxes: SANDBOXES, fronts: servers.fronts.len(), own_front: false };
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let killer = tokio::spawn(kill(world.clone(), seed, Arc::clone(&over)));
    faults.switch(true);
    play(&world, seed.wrapping_add(2), CLIENTS, operations, shape).await;
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    killer.await.unwrap();
    faults.switch(false);
    let proxy = world.recorder.proxy.as_ref().unwrap();
    proxy.quiet().await;
    println!("storage: {}", faults.summary());
    end(&world, seed, &servers.s3).await;
    let early = proxy.named_too_early();
    assert!(early.is_empty(), "SANDCASTLE_SEED={seed}: entries were written before what they name: {early:#?}");
    back_at(&servers, &levels, seed).await;
}

/// Kills a kernel after every few calls, and a server now and then, until it is over.
async fn kill(world: World, seed: u64, over: Arc<std::sync::atomic::AtomicBool>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut next = world.recorder.count();
    while !over.load(std::sync::atomic::Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if world.recorder.count() < next {
            continue;
        }
        next = world.recorder.count() + rng.random_range(5..25);
        let (front, number) = (rng.random_range(0..world.fronts.len()), rng.random_range(0..100));
        if rng.random_bool(0.1) {
            world.fronts[front].kill_all(front, &world.recorder).await;
        } else {
            world.fronts[front].kill_kernel(front, number, &world.recorder);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_two_functions_over_one_interpreter_is_explained_by_the_ledger() {
    let (seed, operations) = size(1);
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start_with_kernels(folder.path(), SANDBOXES + 1).await;
    let further = deployment.further_front_end(&folder.path().join("further"));
    let mut fronts = Vec::new();
    for function in [&deployment.execute, &further] {
        let gateway = Gateway::start(&function.url).await;
        fronts.push(Front::of_gateway(sandcastle_e2e::api::Api::new(&gateway.url, KEY)));
    }
    // A stop leaves the kernel in the interpreter's environment: no level is looked at.
    let world = new_world(&Arc::new(fronts), SANDBOXES, None).await;
    let shape = Shape { sandboxes: SANDBOXES, fronts: 2, own_front: true };
    // An emulator takes one invocation at a time, so that each has one client.
    play(&world, seed, 2, operations, shape).await;
    end(&world, seed, deployment.embedded_s3()).await;
}
