//! What a key can mean, in one table: name, sentence, where it works, default keys.
//!
//! Help, footer, `docs/keys.md`, the configuration's `[keys]` and the check for doubles are all made from [`ACTIONS`];
//! there is no second list.

/// Where a key is pressed. Each has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// The lanes, the first screen.
    Lanes,
    /// One task's detail with its traceback.
    Task,
    /// The composer's form. Plain characters are text here.
    Form,
    /// A text of several lines in the form. Enter, Tab and plain characters are text here.
    Text,
    /// The composer's payload editor. Plain characters are text here.
    Compose,
    /// Many at once: which fields run through which values. Plain characters are text here.
    Many,
    /// A list to choose from by typing a part of a name. Plain characters are text here.
    Choose,
    /// A result as a tree.
    Result,
    /// The plot of an array.
    Plot,
    /// The table of a list of records.
    Table,
    /// One line of text: the filter, a search. Plain characters are text here.
    Input,
    /// The schedule.
    Schedule,
    /// The services, and what can be done to them.
    Services,
    /// The lab beside the tasks.
    Beside,
    /// The services' log.
    Logs,
    /// A record of it.
    Record,
    /// Failures together.
    Failures,
    /// The history.
    History,
    /// What was told in this session.
    Notices,
    /// The history's columns to choose from.
    Columns,
    /// Two tasks side by side.
    Compare,
    /// Several labs are on the screen: everywhere, also where text is typed, before the keys of that place.
    Labs,
    /// A recording is played: on every screen that takes no text, before the keys of that screen.
    Replay,
    /// The list of keys.
    Help,
    /// A question.
    Confirm,
    /// No lab was found.
    Welcome,
}

impl Context {
    /// All, in the order of the documentation.
    pub const ALL: [Context; 26] = [
        Context::Lanes,
        Context::Task,
        Context::Result,
        Context::Plot,
        Context::Table,
        Context::Form,
        Context::Text,
        Context::Compose,
        Context::Many,
        Context::Choose,
        Context::Input,
        Context::Schedule,
        Context::Services,
        Context::Beside,
        Context::Logs,
        Context::Record,
        Context::Failures,
        Context::History,
        Context::Columns,
        Context::Compare,
        Context::Notices,
        Context::Labs,
        Context::Replay,
        Context::Help,
        Context::Confirm,
        Context::Welcome,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Context::Lanes => "lanes",
            Context::Task => "task",
            Context::Result => "result",
            Context::Plot => "plot",
            Context::Table => "table",
            Context::Form => "form",
            Context::Text => "text",
            Context::Compose => "compose",
            Context::Many => "many",
            Context::Choose => "choose",
            Context::Input => "input",
            Context::Schedule => "schedule",
            Context::Services => "services",
            Context::Beside => "lab",
            Context::Logs => "logs",
            Context::Record => "record",
            Context::Failures => "failures",
            Context::History => "history",
            Context::Columns => "columns",
            Context::Compare => "compare",
            Context::Notices => "notices",
            Context::Labs => "labs",
            Context::Replay => "replay",
            Context::Help => "help",
            Context::Confirm => "question",
            Context::Welcome => "no-lab",
        }
    }

    /// Its name, as in the documentation.
    pub fn title(self) -> &'static str {
        match self {
            Context::Lanes => "lanes",
            Context::Task => "task",
            Context::Result => "result",
            Context::Plot => "plot",
            Context::Table => "table",
            Context::Form => "form",
            Context::Text => "form: a text of several lines",
            Context::Compose => "compose",
            Context::Many => "many at once",
            Context::Choose => "choose",
            Context::Input => "filter and search",
            Context::Schedule => "schedule",
            Context::Services => "services",
            Context::Beside => "the lab beside the tasks",
            Context::Logs => "logs",
            Context::Record => "record of the log",
            Context::Failures => "failures",
            Context::History => "history",
            Context::Columns => "columns",
            Context::Compare => "compare",
            Context::Notices => "notices",
            Context::Labs => "several labs, on every screen",
            Context::Replay => "replay, on every screen",
            Context::Help => "keys",
            Context::Confirm => "question",
            Context::Welcome => "no lab",
        }
    }

    /// Whether plain characters are text here, so that no action may have one as its key.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Context::Form
                | Context::Text
                | Context::Compose
                | Context::Many
                | Context::Choose
                | Context::Input
                | Context::Help
                | Context::Labs
        )
    }
}

/// One row of [`ACTIONS`].
#[derive(Debug)]
pub struct Entry {
    /// What it is.
    pub action: Action,
    /// Its name in the configuration.
    pub name: &'static str,
    /// One or two words for the footer.
    pub short: &'static str,
    /// What it does, completing *This key …*.
    pub sentence: &'static str,
    /// Where it works.
    pub contexts: &'static [Context],
    /// Its keys, in the configuration's spelling.
    pub keys: &'static [&'static str],
}

macro_rules! actions {
    ($($action:ident $name:literal $short:literal $sentence:literal [$($context:ident),*] [$($key:literal),*];)*) => {
        /// What a key can mean.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = $sentence] $action,)*
        }

        /// Every action once.
        pub const ACTIONS: &[Entry] = &[$(Entry {
            action: Action::$action,
            name: $name,
            short: $short,
            sentence: $sentence,
            contexts: &[$(Context::$context),*],
            keys: &[$($key),*],
        },)*];
    };
}

actions! {
    Open "open" "open" "opens the selected task, or folds the selected service; among the services it goes to the lanes of the selected one; in the schedule it puts a moved task down, in a comparison it shows the pair whole, in the log the record; beside the tasks it looks into the last message, or lists a class's topics; among the notices it goes to what one is about" [Lanes, Schedule, Services, History, Compare, Logs, Beside, Notices] ["enter"];
    Submit "submit" "submit" "opens the composer for a new task" [Lanes, Task] ["s"];
    Again "again" "again" "opens the composer filled in as this task was" [Lanes, Task, Schedule, Failures] ["r"];
    Cancel "cancel" "cancel" "cancels a scheduled task, or all that are marked, after a question" [Lanes, Task, Schedule] ["x"];
    SendDirect "send-direct" "send direct" "sends an own scheduled task that others overtake direct instead, after a question" [Lanes, Task, Schedule] ["d"];
    Sending "sending" "stop/go on" "stops sending the rest of a group, or lets it go on" [Lanes] ["p"];
    PutAway "put-away" "put away" "puts away a task whose end was never seen" [Lanes, Task] ["X"];
    Watch "watch" "watch" "tells you when the task, or the group, is over, or does so no more" [Lanes, Task, Schedule] ["W"];
    Schedule "schedule" "schedule" "opens the schedule: all that the scheduler keeps, in its order" [Lanes] ["t"];
    Services "services" "services" "opens the services: how each is, and what can be done to it" [Lanes] ["m"];
    Beside "lab" "lab" "opens the lab beside the tasks: sensors, throttling and alerts, all that passes on the bus" [Lanes] ["b"];
    Strip "strip" "sensors" "shows a line of sensors below the lanes where they leave room, or shows it no more" [Lanes] ["B"];
    Logs "logs" "logs" "opens the services' log: all of it from the lanes, around the task from its detail, the service's from the services" [Lanes, Task, Services] ["J"];
    Follow "follow" "follow" "asks every few seconds for what is new in the log, or does so no more" [Logs] ["f"];
    Interrupt "interrupt" "interrupt" "stops the cell that holds the service's slot, after a question" [Services] ["i"];
    RestartProcess "restart-process" "restart" "ends the service's process and starts it anew, after a question" [Services] ["r"];
    RestartContainer "restart-container" "container" "restarts the service's container with its newest image, after a question" [Services] ["R"];
    Rebuild "rebuild" "rebuild" "tries out, and then builds, a new image of the service, after questions" [Services] ["b"];
    Failures "failures" "failures" "shows the failures together: by exception, own entry and service" [Lanes] ["F"];
    History "history" "history" "opens the history: all tasks known, of earlier runs too" [Lanes] ["h"];
    SinceLeft "since-left" "since you left" "lists what became of tasks since you left, your own first" [Lanes] ["L"];
    Notices "notices" "notices" "lists what you were told in this session: notices, also those that did not ring, and notes" [Lanes] ["N"];
    SortBy "sort-by" "sort" "sorts by the next column" [History] ["o"];
    SortTurn "sort-turn" "turn" "turns the order round" [History] ["O"];
    Columns "columns" "columns" "chooses the columns and their order" [History] ["c"];
    TurnColumn "turn-column" "show/hide" "shows the selected column, or shows it no more" [Columns] ["space", "enter"];
    ColumnUp "column-up" "earlier" "moves the selected column one place up" [Columns] ["K", "alt-up"];
    ColumnDown "column-down" "later" "moves the selected column one place down" [Columns] ["J", "alt-down"];
    Compare "compare" "compare" "compares the two marked tasks, or the marked one and the selected one" [History] ["="];
    SaveFilter "save-filter" "save filter" "saves the filter that is typed under a name, to be used as @name" [Input] ["ctrl-s"];
    Mark "mark" "mark" "marks the selected task, or takes its mark away" [Schedule, History] ["space"];
    MoveUp "move-up" "earlier" "takes the selected task one place up; Enter then moves it, after a question" [Schedule] ["K", "alt-up"];
    MoveDown "move-down" "later" "takes the selected task one place down; Enter then moves it, after a question" [Schedule] ["J", "alt-down"];
    Edit "edit" "edit" "opens a scheduled task in the composer; sending it there replaces it" [Schedule] ["e"];
    Ended "ended" "ended" "lists ended tasks too, or leaves them out" [Schedule] ["a"];
    ReadAgain "read-again" "read again" "reads the scheduler's list again; in the history Juice's own database, or stops reading it; among the services it asks their processes again, in the log the database" [Schedule, Services, History, Logs] ["ctrl-r"];
    Filter "filter" "filter" "filters the tasks by words and outcome:, since:, took>, payload.x:; the log by words and level:, service:, since:" [Lanes, Schedule, History, Logs] ["/"];
    FilterOutcome "filter-outcome" "outcome" "steps through failed, ok, cancelled, unknown and all" [Lanes] ["o"];
    NextService "next-service" "next service" "goes to the next service" [Lanes] ["tab"];
    PreviousService "previous-service" "previous service" "goes to the service before" [Lanes] ["shift-tab"];
    Fold "fold" "fold" "folds or unfolds the service, or what is under the cursor" [Lanes, Task, Result, Failures, Record, Beside] ["space"];
    Hidden "hidden" "hidden" "shows or hides tasks that dashboards hide" [Lanes, Failures, History] ["H"];
    Zoom "zoom" "zoom" "gives the selected task the whole screen, or gives it back" [Lanes, Task] ["z"];
    SideWider "side-wider" "wider" "makes the task beside the lanes wider" [Lanes, Task] ["<"];
    SideNarrower "side-narrower" "narrower" "makes the task beside the lanes narrower" [Lanes, Task] [">"];
    View "view" "look into it" "opens the result, else the payload, as a tree; beside the tasks the last message" [Lanes, Task, Failures, Beside] ["v"];
    Unfold "unfold" "fold" "folds or unfolds what is under the cursor; in a table it goes to the record, among failures it opens the task" [Task, Result, Table, Failures, Record] ["enter"];
    UnfoldAll "unfold-all" "unfold all" "unfolds all that is in the value under the cursor" [Result] ["E"];
    FindNext "find-next" "next match" "goes to the next match of the search" [Result] ["n"];
    FindPrevious "find-previous" "match before" "goes to the match before" [Result] ["N"];
    Plot "plot" "plot" "plots the array under the cursor, with its count, ends and mean" [Result] ["p"];
    PlotKind "plot-kind" "other plot" "draws a histogram, or a line or a heat map again" [Plot] ["p", "tab"];
    PlotLog "plot-log" "log scale" "takes heights, counts or shades in powers of ten, or evenly again" [Plot] ["L"];
    PlotX "plot-x" "x axis" "takes the next array of the same object as the x axis" [Plot] ["x"];
    PlotLogX "plot-log-x" "log x axis" "takes the x axis in powers of ten, or evenly again" [Plot] ["X"];
    Table "table" "table" "shows the list of objects under the cursor, or around it, as a table" [Result] ["t"];
    Sort "sort" "sort" "sorts by the column under the cursor: upwards, downwards, not at all; failures by how many or how late; the bus by name, rate or the latest" [Table, Failures, Beside] ["o"];
    CopyPath "copy-path" "copy path" "copies the path of what is under the cursor" [Result, Table] ["Y"];
    CopyJson "copy-json" "copy JSON" "copies the value under the cursor as JSON, letter for letter" [Result] ["c"];
    Pipe "pipe" "pipe" "gives the value under the cursor as JSON to a shell command" [Result] ["|"];
    Pager "pager" "pager" "shows the value under the cursor in your pager ($PAGER)" [Result] ["P"];
    NextEntry "next-entry" "own entry" "goes to the next entry of the traceback that is not a library's" [Task, Record] ["n"];
    PreviousEntry "previous-entry" "own entry before" "goes to such an entry before" [Task, Record] ["N"];
    Cause "cause" "cause" "goes to the exception that this one was raised from, or while handling it" [Task, Record] ["C"];
    AskTraceback "ask-traceback" "traceback" "asks the service's kernel for the traceback of a cell that failed, after a question" [Task] ["T"];
    NextSection "next-section" "next part" "goes to the next part: error, payload, result, times; beside the tasks: sensors, what was told, the bus" [Task, Record, Beside] ["tab"];
    PreviousSection "previous-section" "part before" "goes to the part before" [Task, Record, Beside] ["shift-tab"];
    Order "order" "order" "turns the entries: newest first or oldest first" [Task, Record] ["o"];
    Raw "raw" "raw" "shows the raw text, or the entries again" [Task, Record] ["R"];
    Wrap "wrap" "wrap" "wraps long lines, or cuts them" [Task, Record] ["w"];
    Search "search" "search" "looks for a text; in a result also for key:name, or goes to a path such as .a.b" [Task, Result, Record] ["/"];
    NextMatch "next-match" "next match" "goes to the next match of the search" [Task, Record] ["ctrl-g"];
    OpenEditor "editor" "editor" "opens the editor at the entry's file and line" [Task, Record] ["e"];
    Copy "copy" "copy" "copies: the task's name in the lanes; the error, or the result, in a task; the value in a result; a comparison as lines; what came of the last deed to a service; a record of the log; a topic of the bus; a notice" [Lanes, Task, Result, Table, Schedule, Services, Failures, Compare, Logs, Record, Beside, Notices] ["y"];
    CopyId "copy-id" "copy id" "copies the task's id" [Lanes, Task, Schedule, Failures] ["Y"];
    Save "save" "save" "saves the whole text of the task, or the value under the cursor, to a file; of the log the record that is read, or all that are at hand as lines of JSON" [Lanes, Task, Result, Logs, Record] ["S"];
    CopyAs "copy-as" "copy as" "copies or saves the task as a command, as Python or as its frame; or its error, an entry of it, or a bug report" [Lanes, Task, Schedule, Failures, Record] ["c"];
    CopyFormAs "copy-form-as" "copy as" "copies or saves the task as a command, as Python or as its frame" [Form, Text, Compose] ["alt-c"];
    SaveCopy "save-copy" "save" "saves what would be copied to a file" [Choose] ["alt-s"];
    ShowSecrets "show-secrets" "secrets" "copies with the secrets in the clear, or masks them again" [Choose] ["alt-v"];
    Up "up" "up" "goes up one line" [Lanes, Task, Result, Table, Schedule, Help, Confirm, Services, Failures, History, Columns, Compare, Logs, Record, Beside, Notices] ["k", "up"];
    Down "down" "down" "goes down one line" [Lanes, Task, Result, Table, Schedule, Help, Confirm, Services, Failures, History, Columns, Compare, Logs, Record, Beside, Notices] ["j", "down"];
    Left "left" "left" "scrolls left; in a result it folds, or goes to what is around it" [Task, Result, Table, Record] ["h", "left"];
    Right "right" "right" "scrolls right; in a result it unfolds, or goes inside" [Task, Result, Table, Record] ["l", "right"];
    PageUp "page-up" "page up" "goes up one page" [Lanes, Task, Result, Table, Form, Schedule, Help, Many, Confirm, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["pageup", "ctrl-b"];
    PageDown "page-down" "page down" "goes down one page" [Lanes, Task, Result, Table, Form, Schedule, Help, Many, Confirm, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["pagedown", "ctrl-f"];
    HalfUp "half-up" "half page up" "goes up half a page" [Lanes, Task, Result, Table, Schedule, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["ctrl-u"];
    HalfDown "half-down" "half page down" "goes down half a page" [Lanes, Task, Result, Table, Schedule, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["ctrl-d"];
    Top "top" "top" "goes to the first line" [Lanes, Task, Result, Table, Schedule, Help, Confirm, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["g", "home"];
    Bottom "bottom" "bottom" "goes to the last line" [Lanes, Task, Result, Table, Schedule, Help, Confirm, Services, Failures, History, Compare, Logs, Record, Beside, Notices] ["G", "end"];
    NextField "next-field" "next field" "goes to the next field" [Form] ["tab", "down"];
    PreviousField "previous-field" "field before" "goes to the field before" [Form] ["shift-tab", "up"];
    LeaveText "leave-text" "next field" "leaves the text for the next field" [Text] ["ctrl-down", "alt-down"];
    LeaveTextUp "leave-text-up" "field before" "leaves the text for the field before" [Text] ["shift-tab", "ctrl-up", "alt-up"];
    Enter "enter" "on" "goes on to the next field, opens a choice, folds a section, adds an item; it never sends" [Form] ["enter"];
    Indent "indent" "indent" "indents by one step" [Text] ["tab"];
    FirstField "first-field" "first" "goes to the first field" [Form, Text] ["ctrl-home"];
    LastField "last-field" "last" "goes to the last field" [Form, Text] ["ctrl-end"];
    NextWrong "next-wrong" "what is wrong" "goes to the next field with something wrong" [Form, Text] ["f10", "alt-n"];
    Jump "jump" "find field" "goes to a field by a part of its name" [Form, Text] ["ctrl-g", "alt-g"];
    ResetField "reset-field" "reset field" "puts the field back to how it was; once more: to its default" [Form, Text] ["ctrl-r", "alt-z"];
    Omit "omit" "leave out/null" "steps through what an optional field can be: left out, null, a value" [Form, Text] ["ctrl-o", "alt-o"];
    AddItem "add-item" "add" "adds an item to the list, or an entry to the map, around the field" [Form, Text] ["alt-a", "insert"];
    RemoveItem "remove-item" "remove" "removes the item or entry" [Form, Text] ["alt-x", "alt-delete"];
    ItemUp "item-up" "item up" "moves the item up" [Form] ["alt-up", "ctrl-up"];
    ItemDown "item-down" "item down" "moves the item down" [Form] ["alt-down", "ctrl-down"];
    RenameEntry "rename-entry" "key" "gives the map's entry another key" [Form, Text] ["alt-k"];
    EditField "edit-field" "editor: field" "opens the field alone in your editor ($VISUAL, $EDITOR)" [Form, Text] ["shift-f4", "alt-i"];
    Send "send" "send" "sends the task, or all tasks of the group" [Form, Text, Compose, Many] ["ctrl-s", "alt-enter"];
    Way "way" "direct/scheduled" "switches between direct and through the scheduler" [Form, Text, Compose] ["f2", "alt-d"];
    Lane "lane" "parallel/sequential" "switches between parallel and sequential" [Form, Text, Compose] ["f3", "alt-p"];
    EditOutside "edit-outside" "editor" "opens the payload in your editor ($VISUAL, $EDITOR)" [Form, Text, Compose] ["f4", "alt-e"];
    Json "json" "form/JSON" "turns the form into JSON, or JSON into the form" [Form, Text, Compose] ["f5", "alt-j"];
    Reset "reset" "reset" "puts all back to what it was opened with" [Form, Text, Compose] ["f7", "alt-r"];
    OtherType "other-type" "other type" "chooses another service and type" [Form, Text, Compose] ["f8", "alt-t"];
    Frame "frame" "frame" "shows the exact frame, or the payload again" [Form, Text, Compose] ["f9", "alt-v"];
    When "when" "when" "says when it is to start: now, in 3h, 22:30, tomorrow 6:00, fri 9:00" [Form, Text, Compose] ["f6", "alt-w"];
    Sweep "sweep" "sweep" "lets the field run through several values, each a task of its own; once more: takes them away" [Form, Text] ["alt-s", "shift-f2"];
    Many "many" "group" "names the group of a sweep, says how several go together and whether the first one goes alone" [Form, Text] ["alt-m", "shift-f3"];
    Undo "undo" "undo" "takes back the last edit" [Form, Text, Compose] ["ctrl-_", "alt-u"];
    Redo "redo" "redo" "does again what was taken back" [Form, Text, Compose] ["alt-U"];
    RefreshTypes "refresh-types" "refresh types" "reads the catalogue files again, and offers to ask the service's kernel for its task types" [Form, Text, Compose, Choose] ["f12", "alt-y"];
    ChooseUp "choose-up" "up" "goes up in the list" [Choose, Many] ["up", "ctrl-p"];
    ChooseDown "choose-down" "next" "goes down in the list" [Choose, Many] ["down"];
    Accept "accept" "take it" "takes what is chosen or typed" [Choose, Input, Many] ["enter"];
    Complete "complete" "next" "goes to the next one in the list, or to the other of two moments" [Choose, Input, Many] ["tab"];
    CompleteBack "complete-back" "previous" "goes to the one before" [Many] ["shift-tab"];
    NextLab "next-lab" "next lab" "shows the next lab; what you do in this one waits as it is" [Labs] ["alt-l", "ctrl-pagedown"];
    PreviousLab "previous-lab" "lab before" "shows the lab before" [Labs] ["alt-L", "ctrl-pageup"];
    ReplayPause "replay-pause" "pause/play" "stops the recording, or lets it go on" [Replay] ["space"];
    ReplayStep "replay-step" "step" "shows the recording's next message, and stops there" [Replay] ["."];
    ReplayStepBack "replay-step-back" "step back" "goes to before the last message, and stops there" [Replay] [","];
    ReplayForward "replay-forward" "10 s on" "goes on by 10 s" [Replay] ["]"];
    ReplayBack "replay-back" "10 s back" "goes back by 10 s" [Replay] ["["];
    ReplayForwardMore "replay-forward-more" "1 min on" "goes on by a minute" [Replay] ["}"];
    ReplayBackMore "replay-back-more" "1 min back" "goes back by a minute" [Replay] ["{"];
    ReplaySkip "replay-skip" "skip quiet" "goes to the next message that is no heartbeat" [Replay] [";"];
    ReplayGoTo "replay-go-to" "go to" "goes to a moment: 14:22:30, +90s, -5m, 50%, #1200" [Replay] ["@"];
    ReplayStart "replay-start" "start" "goes to the start of the recording" [Replay] ["^"];
    ReplayEnd "replay-end" "end" "goes to the end of the recording" [Replay] ["$"];
    ReplaySlower "replay-slower" "slower" "plays the recording slower" [Replay] ["-"];
    ReplayFaster "replay-faster" "faster" "plays the recording faster" [Replay] ["+", "="];
    Yes "yes" "yes" "says yes" [Confirm] ["y"];
    Sure "sure" "yes, surely" "says yes where hardware moves, or somebody's tasks end; Enter, a paste or a held key cannot" [Confirm] ["Y"];
    Instead "instead" "hand over" "gives the third answer: hands what waits to the scheduler, on quitting and stopping" [Confirm] ["h"];
    No "no" "no" "says no" [Confirm] ["n", "enter"];
    Back "back" "back" "goes back; in the composer it keeps the draft, in the filter it clears it" [Lanes, Task, Result, Plot, Table, Form, Text, Compose, Many, Choose, Input, Schedule, Help, Confirm, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["esc"];
    TryDemo "try-demo" "demo" "opens the demonstration: a lab inside the program, nothing real moves" [Welcome] ["d"];
    Address "address" "address" "opens the lab at an address that you type" [Welcome] ["a"];
    Doctor "doctor" "doctor" "leaves, and tells what was found, and which parts answer" [Welcome] ["c"];
    Retry "retry" "try again" "tries lost connections again now" [Lanes, Welcome] ["ctrl-r"];
    Help "help" "keys" "lists all keys; typing searches them" [Lanes, Task, Result, Plot, Table, Form, Text, Compose, Many, Choose, Input, Schedule, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["f1", "alt-h"];
    Keys "keys" "keys" "lists all keys; typing searches them" [Lanes, Task, Result, Plot, Table, Schedule, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["?"];
    Palette "palette" "find" "finds by a part of its name what can be done here, a service, a task type, a saved filter or a lab" [Lanes, Task, Result, Plot, Table, Schedule, Services, Failures, History, Compare, Logs, Record, Beside, Notices] [":", "ctrl-p"];
    Redraw "redraw" "redraw" "draws the screen anew" [Lanes, Task, Result, Plot, Table, Form, Text, Compose, Many, Choose, Input, Schedule, Help, Confirm, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["ctrl-l"];
    Suspend "suspend" "stop" "stops the program; fg brings it back" [Lanes, Task, Result, Plot, Table, Form, Text, Compose, Many, Choose, Schedule, Help, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["ctrl-z"];
    Leave "leave" "quit" "quits, after a question where own tasks would be lost" [Lanes, Welcome] ["q"];
    Quit "quit" "quit" "quits from anywhere, after a question where own tasks would be lost" [Lanes, Task, Result, Plot, Table, Form, Text, Compose, Many, Choose, Input, Schedule, Help, Confirm, Services, Failures, History, Columns, Compare, Logs, Record, Welcome, Beside, Notices] ["ctrl-c"];
}

impl Action {
    /// By how many rows it moves the selection of a list of that height, down or up; a number beyond all lists: to an
    /// end. `None`: it moves nothing.
    pub fn steps(self, height: usize) -> Option<isize> {
        // A page keeps one row of the one before; none stands still.
        let page = isize::try_from(height.max(2)).unwrap_or(isize::MAX / 2);
        match self {
            Action::Up => Some(-1),
            Action::Down => Some(1),
            Action::PageUp => Some(1 - page),
            Action::PageDown => Some(page - 1),
            Action::HalfUp => Some(-(page / 2)),
            Action::HalfDown => Some(page / 2),
            Action::Top => Some(isize::MIN / 2),
            Action::Bottom => Some(isize::MAX / 2),
            _ => None,
        }
    }

    /// Whether it only moves the selection.
    pub fn moves(self) -> bool {
        self.steps(1).is_some() || matches!(self, Action::NextService | Action::PreviousService)
    }

    /// Whether it is about the selected row of a list, or about what that belongs to.
    pub fn means_row(self) -> bool {
        use Action::{
            Accept, Again, Cancel, Compare, Copy, CopyAs, CopyId, Edit, Fold, Interrupt, Logs, Mark,
            MoveDown, MoveUp, Open, Palette, PutAway, Rebuild, RestartContainer, RestartProcess, Save,
            SendDirect, Sending, Submit, Unfold, View, Watch, Zoom,
        };
        matches!(
            self,
            Open | Submit
                | Again
                | Cancel
                | SendDirect
                | Sending
                | PutAway
                | Watch
                | Mark
                | MoveUp
                | MoveDown
                | Edit
                | Interrupt
                | Logs
                | RestartProcess
                | RestartContainer
                | Rebuild
                | Compare
                | Fold
                | Unfold
                | Zoom
                | View
                | Copy
                | CopyId
                | CopyAs
                | Save
                | Palette
                | Accept
        )
    }

    /// Its row in [`ACTIONS`].
    pub fn entry(self) -> &'static Entry {
        // The enum and the table are made by one macro, in one order.
        &ACTIONS[self as usize]
    }
}
