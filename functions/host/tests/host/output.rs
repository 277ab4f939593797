//! Output: elements in order of arrival, whoever writes, and never more than an answer holds.

use sandcastle::limits;

use crate::support::TestHost;

#[tokio::test(flavor = "multi_thread")]
async fn elements_come_in_order_of_arrival() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os, subprocess, sys
print('one')
sys.stderr.write('two\\n')
os.write(1, b'three\\nhal')
print('four', end='')
print()
subprocess.run(['sh', '-c', 'echo five; echo six >&2'])
print('a\\nb', 'c', sep='-', file=sys.stderr)
os.write(2, b'\\xff no newline')
";
    let wanted = ["one", "two", "three", "hal", "four", "", "five", "six", "a\nb-c", "\u{fffd} no newline"];
    assert_eq!(sandbox.prints(code).await, wanted);
    assert!(sandbox.prints("pass").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_and_the_code_runs_to_its_end() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let output = sandbox.prints("for _ in range(200):\n    print('x' * 50_000)\nfinished = True").await;
    assert_eq!(output.last().unwrap(), limits::TRUNCATED);
    assert!(output.iter().map(String::len).sum::<usize>() <= limits::MAX_OUTPUT_JSON);
    assert_eq!(sandbox.prints("print(finished)").await, ["True"]);
    assert_eq!(sandbox.prints("print('B' * 3_000_000)").await[0].len(), 3_000_000);
    let raw = sandbox.prints("import os\nfor _ in range(1000):\n    os.write(1, b'y' * 65536)").await;
    assert_eq!((raw.len(), raw[1].as_str()), (2, limits::TRUNCATED));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_one_call_does_not_reach_the_next() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import subprocess, threading, os, time
subprocess.Popen('while :; do echo child; done', shell=True)
def write():
    while True:
        os.write(1, b'thread\\n')
threading.Thread(target=write, daemon=True).start()
time.sleep(0.1)
print('mine')
";
    assert!(sandbox.prints(code).await.contains(&"mine".to_owned()));
    let second = sandbox.prints("print('second')").await;
    assert!(second.contains(&"second".to_owned()) && !second.contains(&"child".to_owned()));
}
