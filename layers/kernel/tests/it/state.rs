//! State that lasts from call to call, and the state that a new kernel begins with.

use std::collections::BTreeMap;

use sandcastle_protocol::{LostName, Start};

use crate::host::Host;

#[test]
fn variables_last_and_are_named() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    kernel.output(
        "import math\nclass C: pass\ndef f(): pass\n_private = c = C()\n__dunder__ = 1\nglobals()['v' * 1000] = 1",
    );
    let answer = kernel.run("print(__name__, type(c).__module__, __import__('sys').modules['__main__'].c is c)");
    assert_eq!(answer.elements, ["__main__ __main__ True"]);
    assert_eq!(answer.done.names, ["math", "C", "f", "_private", "c"]);
    let mut other = host.kernel();
    assert_eq!(other.output("print('c' in globals(), [n for n in globals() if not n.startswith('__')])"), ["False []"]);
}

#[test]
fn a_lost_name_says_why_until_it_is_bound_again() {
    let mut host = Host::plain();
    let lost = ["lock", "gen"].map(|name| LostName { name: name.into(), reason: "no pickle".into() });
    let mut kernel = host.kernel_with(Start { lost: lost.into(), calls_before: 7, ..Start::default() });
    let answer = kernel.run("def f():\n    return lock\nf()");
    assert_eq!(answer.error(), "NameError(\"name 'lock' is not defined: its value was lost (no pickle)\")");
    assert!(answer.traceback().contains("<cell 8>"));
    assert_eq!(answer.done.still_lost, ["gen", "lock"]);
    assert_eq!(kernel.run("lock = 1").done.still_lost, ["gen"]);
    assert_eq!(kernel.run("del lock\nlock").error(), "NameError(\"name 'lock' is not defined\")");
    assert_eq!(kernel.run("other").error(), "NameError(\"name 'other' is not defined\")");
}

#[test]
fn directory_and_environment_are_reported_and_restored() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let answer =
        kernel.run("import os\nos.mkdir('sub')\nos.chdir('sub')\nos.environ['A'] = 'é'\ndel os.environ['LANG']");
    assert_eq!(answer.done.cwd, "sub");
    let env = BTreeMap::from([("A".into(), Some("é".into())), ("LANG".into(), None)]);
    assert_eq!(answer.done.env, env);
    let capped = kernel.run("os.environ['B'] = 'b' * 70_000");
    assert_eq!(capped.done.env, env);
    assert_eq!(kernel.run("os.chdir('..')\nos.rmdir('sub')").done.cwd, "");
    assert_eq!(kernel.run("os.chdir('/usr')").done.cwd, "/usr");

    let mut restored = host.kernel_with(Start { cwd: Some("gone".into()), env, ..Start::default() });
    assert_eq!(restored.output("import os\nprint(os.environ['A'], 'LANG' in os.environ)"), ["é False"]);
    assert_eq!(restored.run("print(os.path.samefile('.', os.environ['HOME']))").elements, ["True"]);
    let mut moved = host.kernel_with(Start { cwd: Some("/usr".into()), ..Start::default() });
    assert_eq!(moved.output("import os\nprint(os.getcwd())"), ["/usr"]);
}

#[test]
fn the_working_directory_is_imported_from() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    assert_eq!(kernel.output("open('first.py', 'w').write('v = 1')\nimport first\nprint(first.v)"), ["1"]);
    std::fs::write(kernel.files.join("second.py"), "v = 2").unwrap();
    assert_eq!(kernel.output("import second\nprint(second.v)"), ["2"]);
}

#[test]
fn sandboxes_do_not_share_randomness() {
    let mut host = Host::plain();
    let code = "import random, uuid\nprint(random.random(), uuid.uuid4())";
    assert_ne!(host.kernel().output(code), host.kernel().output(code));
}

#[test]
fn asyncio_and_processes_work() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code =
        "import asyncio\nasync def five():\n    await asyncio.sleep(0)\n    return 5\nprint(asyncio.run(five()))";
    assert_eq!(kernel.output(code), ["5"]);
    assert_eq!(kernel.output("print(await five())"), ["5"]);
    let pool = "from multiprocessing import Pool\ndef square(n): return n * n\nwith Pool(2) as pool:\n    print(pool.map(square, [2, 3]))";
    assert_eq!(kernel.output(pool), ["[4, 9]"]);
    let spawn = "import multiprocessing\np = multiprocessing.get_context('spawn').Process(target=print, args=('spawned',))\np.start()\np.join()\nprint(p.exitcode)";
    assert_eq!(kernel.output(spawn), ["spawned", "0"]);
    let bare = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import json, sys; print(len(sys.argv))', 'x'], env={})";
    assert_eq!(kernel.output(bare), ["2"]);
}

#[test]
fn names_are_reported_while_threads_bind_others() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    kernel.output(
        "import sys, threading
sys.setswitchinterval(1e-6)
for i in range(5000): globals()[f'fixed{i}'] = i
def bind():
    while True:
        for i in range(100): globals()[f'loose{i}'] = i
        for i in range(100): del globals()[f'loose{i}']
threading.Thread(target=bind, daemon=True).start()",
    );
    for _ in 0..20 {
        let done = kernel.run("pass").done;
        assert!(done.names.iter().any(|name| name == "fixed4999"), "{} names", done.names.len());
    }
}
