//! The elements of output that reach the caller, and their order.

use crate::host::Host;

#[test]
fn each_print_is_one_element() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    assert_eq!(kernel.output("print(2 + 2)"), ["4"]);
    assert_eq!(
        kernel.output("print()\nprint('a', 'b', sep='-', end='!')\nprint('two\\nlines')"),
        ["", "a-b!", "two\nlines"]
    );
    assert_eq!(kernel.output("pass"), Vec::<String>::new());
    assert_eq!(kernel.output("print(chr(0xdce8))"), ["\\udce8"]);
    assert_eq!(kernel.output("print('a\\0b')"), ["a\0b"]);
    assert_eq!(kernel.run("print('x', sep=1)").error(), "TypeError('sep must be None or a string, not int')");
}

#[test]
fn a_long_print_is_complete() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let elements = kernel.output("print('é' * 1_500_000)\nprint('next')");
    assert_eq!(elements, ["é".repeat(1_500_000), "next".into()]);
}

#[test]
fn output_of_all_writers_is_in_order_of_writing() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "import os, subprocess, sys
print('one')
sys.stderr.write('two\\n')
os.write(1, b'three\\n')
subprocess.run(['sh', '-c', 'echo four'])
subprocess.run([sys.executable, '-c', 'print(\"five\")'])
print('six', file=sys.stderr)
sys.stdout.write('part')
print('seven')
os.write(1, b'\\xff end')";
    let wanted = ["one", "two", "three", "four", "five", "six", "part", "seven", "\u{fffd} end"];
    assert_eq!(kernel.output(code), wanted);
}

#[test]
fn print_to_other_files_is_not_output() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "import contextlib, io
with open('o.txt', 'w') as f:
    print('to file', file=f)
caught = io.StringIO()
with contextlib.redirect_stdout(caught):
    print('caught')
print(repr(caught.getvalue()), repr(open('o.txt').read()))";
    assert_eq!(kernel.output(code), ["'caught\\n' 'to file\\n'"]);
}

#[test]
fn a_broken_stdout_is_restored_for_the_next_call() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    for breaking in [
        "import sys; sys.stdout.close()",
        "import sys; sys.stdout.detach(); sys.stderr = None",
        "import sys; sys.stdout = open('/dev/null', 'w')",
        "import os; os.close(0); os.close(1); os.close(2)",
        "import os; os.closerange(3, 400)",
        "import sys; del sys.stdout, sys.stderr, sys.stdin",
    ] {
        kernel.output(breaking);
        assert_eq!(kernel.output("import os\nprint('back')\nos.write(2, b'raw\\n')"), ["back", "raw"], "{breaking}");
    }
    assert_eq!(kernel.run("input('name? ')").error(), "EOFError('EOF when reading a line')");
}

#[test]
fn a_logging_handler_of_an_earlier_call_still_writes() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    assert_eq!(kernel.output("import logging\nlogging.warning('first')"), ["WARNING:root:first"]);
    assert_eq!(kernel.output("logging.warning('second')"), ["WARNING:root:second"]);
}

#[test]
fn a_forked_child_prints_once_and_ends_no_call() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "import os
print('before')
if os.fork() == 0:
    print('child')
    os._exit(0)
os.wait()
print('parent')";
    assert_eq!(kernel.output(code), ["before", "child", "parent"]);
    // A child that runs to the end of the code ends there.
    assert_eq!(kernel.output("pid = os.fork()\nif pid:\n    print(os.waitpid(pid, 0)[1])"), ["0"]);
    let failing = kernel.output("if os.fork() == 0:\n    1/0\nos.wait()\nprint('parent')");
    assert_eq!(failing.last().map(String::as_str), Some("parent"));
    assert!(failing.contains(&"ZeroDivisionError: division by zero".into()));
    assert_eq!(kernel.output("print('next')"), ["next"]);
}

#[test]
fn display_last_shows_a_last_bare_expression() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    assert_eq!(kernel.display("v = 20\nv + 1").elements, ["21"]);
    assert_eq!(kernel.output("v + 1"), Vec::<String>::new());
    for silent in ["None", "v;", "(v) ; # why", "w = v", ""] {
        assert_eq!(kernel.display(silent).elements, Vec::<String>::new(), "{silent}");
    }
    assert_eq!(kernel.display("async def f(): return 'x'\nawait f()").elements, ["'x'"]);
    let hostile = kernel.display("class R:\n    def __repr__(self): 1/0\nR()");
    assert_eq!(hostile.error(), "ZeroDivisionError('division by zero')");
}

#[test]
fn user_code_may_rebind_print() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    kernel.output("import builtins\nold = print\nbuiltins.print = lambda *a: old('mine', *a)");
    assert_eq!(kernel.output("print(1)"), ["mine 1"]);
}
