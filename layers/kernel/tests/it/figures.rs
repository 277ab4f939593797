//! Figures are written to files in the sandbox's folder.

use std::fs;

use crate::host::Kernel;
use crate::packages::host;

/// The files that are new since the last call.
fn new_files(kernel: &Kernel, seen: &mut Vec<String>) -> Vec<String> {
    let listed = fs::read_dir(&kernel.files).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut new: Vec<String> = listed.filter(|name| !seen.contains(name)).collect();
    new.sort();
    seen.extend(new.clone());
    new
}

#[test]
fn a_figure_that_is_shown_or_left_open_is_written_once() {
    for preload in [false, true] {
        let Some(mut host) = host("matplotlib", preload) else { return };
        let mut kernel = host.kernel();
        let mut seen = Vec::new();
        let steps: [(&str, &[&str]); 10] = [
            ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", &["figure_1.png"]),
            ("print('no plot')", &[]),
            ("plt.bar(['a'], [1])\nplt.figure()\nplt.plot([1])", &["figure_2.png", "figure_3.png"]),
            ("plt.plot([1])\nplt.savefig('own.svg')", &["own.svg"]),
            ("plt.plot([1])\nplt.savefig('mine.pdf')\nplt.show()", &["figure_4.png", "mine.pdf"]),
            ("plt.plot([1])\nplt.close('all')\nplt.figure()", &[]),
            ("import matplotlib\nmatplotlib.use('Agg')\nplt.plot([1])", &["figure_5.png"]),
            ("fig, ax = plt.subplots()\nfig.show()\nprint(plt.get_fignums())", &["figure_6.png"]),
            ("open('figure_40.txt', 'w').close()\nplt.plot([1])", &["figure_40.txt", "figure_41.png"]),
            ("import os\nos.chdir('/tmp')\nplt.plot([1])", &["figure_42.png"]),
        ];
        for (code, wanted) in steps {
            kernel.output(code);
            assert_eq!(new_files(&kernel, &mut seen), wanted, "{code}");
        }
        let failing = kernel.run("plt.plot([1])\n1/0");
        assert_eq!(failing.error(), "ZeroDivisionError('division by zero')");
        assert_eq!(new_files(&kernel, &mut seen), ["figure_43.png"]);
        assert!(fs::read(kernel.files.join("figure_43.png")).unwrap().starts_with(b"\x89PNG"));
        let broken = kernel.run("plt.title('$bad_{$')");
        assert!(broken.error().is_empty() && broken.elements[0].starts_with("a figure could not be saved: "));
    }
}

#[test]
fn images_and_plotly_figures_are_written_to_files() {
    let Some(mut host) = host("plotly", false) else { return };
    let mut kernel = host.kernel();
    kernel.output("from PIL import Image\nImage.new('CMYK', (4, 4)).show()");
    kernel.output("import plotly.graph_objects as go\ngo.Figure(data=[go.Bar(y=[2, 1])]).show()");
    assert_eq!(new_files(&kernel, &mut Vec::new()), ["figure_1.png", "figure_2.html"]);
    assert!(fs::read_to_string(kernel.files.join("figure_2.html")).unwrap().contains("plotly.js"));
}
