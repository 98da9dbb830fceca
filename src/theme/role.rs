//! What a colour means. The table below is the only list: theme files, docs and the code take their names from it.

use std::fmt::Write;

/// Makes [`Role`] and its table from one list of `Variant "name" "sentence"`.
macro_rules! roles {
    ($($variant:ident $name:literal $sentence:literal)*) => {
        /// What a colour means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $sentence] $variant,)*
        }

        impl Role {
            /// All roles, in the order of the table.
            pub const ALL: [Role; [$($name),*].len()] = [$(Role::$variant),*];

            /// The name in theme files.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Role::$variant => $name,)*
                }
            }

            /// What has this role, as a sentence.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Role::$variant => $sentence,)*
                }
            }
        }
    };
}

roles! {
    Text "text" "Ordinary text."
    Dim "dim" "What matters less: units, ages, explanations."
    Title "title" "The program's and the screen's title."
    Service "service" "A service's name at the head of its block."
    Rule "rule" "Rules and separators."
    Key "key" "A key in the footer, in help and in hints."
    Disabled "disabled" "What can't be done here and now."
    Selected "selected" "The selected row; laid over the row's own colours."
    Focus "focus" "The button or field that the next key goes to."
    Running "running" "A running task and the slot that it holds."
    Waiting "waiting" "A waiting task."
    Scheduled "scheduled" "A task in the scheduler's list."
    Ok "ok" "A task that ended well."
    Failed "failed" "A task that failed."
    Cancelled "cancelled" "A task that was cancelled."
    Unknown "unknown" "What is not known: a task that may have ended, a slot nothing was heard of."
    Warning "warning" "Something to look at: a run that takes longer than usual, a lasting sign."
    Error "error" "Something that went wrong here: refused, invalid, not reached."
    Own "own" "The mark of tasks that were sent from here."
    Hardware "hardware" "The guard: tasks that move hardware."
    Live "live" "The link to the lab is live."
    Connecting "connecting" "The link is being made."
    Lost "lost" "The link is lost and the picture is old."
    Stale "stale" "The whole picture while it is old."
    Notice "notice" "A notice about what was just done."
    ReadOnly "read-only" "The sign that nothing can be sent from here."
    Demo "demo" "The sign that this lab is a demonstration."
    Input "input" "Text that is being typed."
    Cursor "cursor" "The place where typing goes on."
    Placeholder "placeholder" "What an empty field says."
    Match "match" "What a search or a filter found."
    Bar "bar" "The bar of a run within its usual time."
    BarOver "bar-over" "The bar of a run over its usual time."
    Exception "exception" "An exception's name."
    FrameFile "frame-file" "The file and line of a traceback's entry."
    FrameFunction "frame-function" "The function of a traceback's entry."
    Library "library" "Entries in libraries, folded."
    Code "code" "Source code."
    CodeMark "code-mark" "The marks under the part of the code that raised."
    LineNumber "line-number" "Line numbers."
    JsonKey "json-key" "A key in JSON."
    String "string" "A text in JSON and in code."
    Number "number" "A number in JSON and in code."
    Constant "constant" "`true`, `false`, `null` in JSON; `True`, `None`, names in capitals in code."
    Keyword "keyword" "A word of the language in code."
    Comment "comment" "A comment in code."
    Function "function" "A function in code."
    Type "type" "A class or type in code."
}

impl Role {
    /// The number of roles.
    pub const COUNT: usize = Role::ALL.len();

    /// The role with a name of a theme file.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// All roles as a Markdown table, for `docs/themes.md`.
pub fn roles_table() -> String {
    let mut table = "| role | what has it |\n|---|---|\n".to_owned();
    for role in Role::ALL {
        // Writing to a String does not fail.
        let _ = writeln!(table, "| `{}` | {} |", role.name(), role.sentence());
    }
    table
}
