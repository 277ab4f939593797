//! Exceptions, as the user sees them.

use crate::host::Host;

#[test]
fn a_traceback_shows_the_users_frames_only() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let answer = kernel.run("1/0");
    assert_eq!(answer.error(), "ZeroDivisionError('division by zero')");
    let wanted = "Traceback (most recent call last):
  File \"<cell 1>\", line 1, in <module>
    1/0
    ~^~
ZeroDivisionError: division by zero";
    assert_eq!(answer.traceback(), wanted);
    kernel.output("def divide(a, b):\n    return a / b");
    let later = kernel.run("import linecache\nlinecache.clearcache()\ndivide(1, 0)").traceback();
    assert!(later.contains("\"<cell 2>\", line 2, in divide\n    return a / b"), "{later}");
    assert_eq!(later.matches("File \"").count(), 2);
    let awaited = kernel.run("async def f(): raise KeyError('k')\nawait f()").traceback();
    assert_eq!(awaited.matches("File \"").count(), 2, "{awaited}");
    let library = kernel.run("import json\njson.loads('{')").traceback();
    assert!(library.contains("json/decoder.py"), "{library}");
}

#[test]
fn chains_and_groups_hold_no_frame_of_the_kernel() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "class Bad:
    def __str__(self): raise KeyError('inner')
try:
    print(Bad())
except KeyError as cause:
    raise ExceptionGroup('many', [ValueError('a'), cause]) from cause";
    let answer = kernel.run(code);
    assert_eq!(answer.error(), "ExceptionGroup('many', [ValueError('a'), KeyError('inner')])");
    assert!(!answer.traceback().contains("<kernel"), "{}", answer.traceback());
    assert!(answer.traceback().contains("direct cause"));
}

#[test]
fn code_with_a_syntax_error_runs_nothing() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    for code in ["print('no')\nint n = 3", "print('no')\n!ls", "print('no')\n\0"] {
        let answer = kernel.run(code);
        assert!(answer.error().starts_with("SyntaxError("), "{}", answer.error());
        assert_eq!(answer.elements, Vec::<String>::new());
        assert!(!answer.traceback().contains("<kernel"));
    }
    assert_eq!(kernel.output("\u{feff}if True:\r\n\tprint('ok')\r"), ["ok"]);
}

#[test]
fn a_syntax_error_shows_the_line_of_the_code_and_no_frames() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let not_python = "  File \"<cell N>\", line 2
    int n = 3
        ^
SyntaxError: invalid syntax";
    let not_indented = "  File \"<cell N>\", line 2
    x = 1
    ^
IndentationError: expected an indented block after 'if' statement on line 1";
    // The parser accepts this one; CPython's compiler does not know the line.
    let misplaced = "  File \"<cell N>\", line 2
    return x
    ^^^^^^^^
SyntaxError: 'return' outside function";
    for (code, wanted) in
        [("print('no')\nint n = 3", not_python), ("if True:\nx = 1", not_indented), ("x = 1\nreturn x", misplaced)]
    {
        for display_last in [true, false] {
            kernel.send(code, display_last);
            let number = kernel.calls.to_string();
            assert_eq!(kernel.answer().traceback(), wanted.replace('N', &number), "display_last: {display_last}");
        }
    }
    let null = kernel.display("x = 1\n\0").traceback();
    assert!(null.contains("null bytes") && !null.contains("File \""), "{null}");
}

#[test]
fn a_syntax_error_of_code_that_code_compiles_shows_the_callers_frames() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    for (code, files) in [
        ("compile('1 +', '<text>', 'exec')", vec!["<cell 1>", "<text>"]),
        ("exec('1 +')", vec!["<cell 2>", "<string>"]),
        ("import ast\nast.parse('1 +', 'own.py')", vec!["<cell 3>", "/ast.py", "own.py"]),
    ] {
        let traceback = kernel.display(code).traceback();
        let shown: Vec<&str> = traceback.lines().filter(|line| line.starts_with("  File ")).collect();
        assert_eq!(shown.len(), files.len(), "{traceback}");
        for (line, file) in shown.iter().zip(files) {
            assert!(line.contains(&format!("{file}\"")), "{traceback}");
        }
        assert!(traceback.ends_with("SyntaxError: invalid syntax"), "{traceback}");
    }
}

#[test]
fn hostile_exceptions_are_reported() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let raising = kernel.run("class E(Exception):\n    def __repr__(self): raise KeyError\nraise E");
    assert_eq!(raising.error(), "E(<repr raised KeyError>)");
    let surrogate = kernel.run("class E(Exception):\n    def __repr__(self): return 'x\\udc80'\nraise E");
    assert_eq!(surrogate.error(), "x\\udc80");
    let huge = kernel.run("raise ValueError('m' * 5_000_000 + 'end')");
    assert!(huge.error().len() <= 64 << 10 && huge.error().ends_with("mend')"));
    assert!(huge.traceback().len() <= 32 << 10);
    let deep = kernel.run("def deep(n):\n    return deep(n + 1)\ndeep(0)");
    assert!(deep.error().starts_with("RecursionError("));
    let deeper = kernel.run("import sys\nsys.setrecursionlimit(300_000)\ndeep(0)");
    assert!(deeper.error().starts_with("RecursionError(") && deeper.traceback().len() <= 32 << 10);
    let wide = kernel.run("def f(n):\n  return g(n)\ndef g(n):\n  return 1/0 if n == 0 else f(n-1)\nf(400)");
    assert!(wide.traceback().contains("lines left out") && wide.traceback().len() <= 32 << 10);
    for line in wide.done.failure.unwrap().traceback {
        assert!(!line.contains('\n'));
    }
}

#[test]
fn exits_end_the_call_and_not_the_kernel() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    assert_eq!(kernel.output("import sys\nmark = 1\nprint('leaving')\nsys.exit(0)\nprint('no')"), ["leaving"]);
    assert_eq!(kernel.output("exit()"), Vec::<String>::new());
    assert_eq!(kernel.run("exit(3)").error(), "SystemExit(3)");
    assert_eq!(kernel.run("quit('stopping here')").error(), "SystemExit('stopping here')");
    assert_eq!(kernel.run("raise KeyboardInterrupt").error(), "KeyboardInterrupt()");
    assert_eq!(kernel.output("print(mark)"), ["1"]);
}

#[test]
fn changes_by_user_code_do_not_break_the_next_call() {
    let mut host = Host::plain();
    for change in [
        "import builtins\nbuiltins.open = None\nbuiltins.len = None\ndel builtins.isinstance",
        "import sys\nsys.settrace(lambda *a: 1/0)",
        "import sys\nsys.setprofile(lambda *a: 1/0)",
        "import sys\nsys.excepthook = None\nsys.setrecursionlimit(60)",
        "import os, sys\nfor m in os, sys:\n    for n in list(vars(m)):\n        if callable(getattr(m, n)): setattr(m, n, None)",
        "import io, re, pickle, gc\nfor m in io, re, pickle, gc:\n    vars(m).clear()",
        "import sys\nsys.modules.clear()",
        "import sys\nsys.modules, sys.path, sys.meta_path = {}, None, None\ndel sys.__stdin__",
        "import warnings\nwarnings.simplefilter('error')\nglobals().clear()\nglobals()['\\udc80'] = globals()[5] = 1",
    ] {
        let mut kernel = host.kernel();
        kernel.run(change);
        let answer = kernel.run("print('alive')\n1/0");
        assert_eq!(answer.elements, ["alive"], "{change}");
        assert_eq!(answer.error(), "ZeroDivisionError('division by zero')", "{change}");
    }
}

#[test]
fn a_failing_call_still_has_a_traceback_when_its_modules_are_gone() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    kernel.output("import sys\nsys.modules.clear()");
    assert!(kernel.run("1/0").traceback().contains("<cell 2>"));
    kernel.output("import builtins\nbuiltins.open = builtins.len = None");
    assert!(kernel.run("1/0").traceback().contains("<cell 4>"));
    // For user code its own changes stay.
    assert_eq!(kernel.run("open('x')").error(), "TypeError(\"'NoneType' object is not callable\")");
}
