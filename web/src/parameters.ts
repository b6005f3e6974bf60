// The `:name` parameters of SQL text, at compile time: what makes `append("todo.added", args)` check
// its argument names. SQL that is not a literal degrades to any name.

// prettier-ignore
type Lower =
  | "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m"
  | "n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z";
type Letter = Lower | Uppercase<Lower> | "_";
type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

// The comment that begins first in `Text`: what stands before it, and how it opens and ends.
type Comment<Text extends string> = Text extends `${infer Kept}--${infer _}`
  ? Kept extends `${infer Earlier}/*${infer _}`
    ? [Earlier, "/*", "*/"]
    : [Kept, "--", "\n"]
  : Text extends `${infer Kept}/*${infer _}`
    ? [Kept, "/*", "*/"]
    : null;

type BeforeQuote<Sql extends string> = Sql extends `${infer Before}'${infer _}` ? Before : Sql;

// SQL without its string literals and comments, where a colon means nothing.
type Code<Sql extends string, Done extends string = ""> =
  Comment<BeforeQuote<Sql>> extends [
    infer Kept extends string,
    infer Open extends string,
    infer End extends string,
  ]
    ? Code<AfterComment<Sql, Kept, Open, End>, `${Done}${Kept} `>
    : Sql extends `${infer Before}'${infer _}'${infer Rest}`
      ? Code<Rest, `${Done}${Before} `>
      : `${Done}${BeforeQuote<Sql>}`;

type AfterComment<
  Sql extends string,
  Kept extends string,
  Open extends string,
  End extends string,
> = Sql extends `${Kept}${Open}${infer _}${End}${infer Rest}` ? Rest : "";

// The identifier that `Text` begins with; "" where it begins with something else, such as the `$` of
// the names that tablog binds itself.
type Identifier<
  Text extends string,
  Name extends string = "",
> = Text extends `${infer First}${infer Rest}`
  ? First extends Letter
    ? Identifier<Rest, `${Name}${First}`>
    : Name extends ""
      ? ""
      : First extends Digit
        ? Identifier<Rest, `${Name}${First}`>
        : Name
  : Name;

type Names<
  Text extends string,
  Found extends string = never,
> = Text extends `${infer _}:${infer After}`
  ? Names<After, Found | Exclude<Identifier<After>, "">>
  : Found;

/**
 * The names of the `:name` parameters in `Sql`, without `:$index`, `:$term`, `:$time` and `:$client`;
 * `string` when the text is not a literal.
 */
export type ParameterNames<Sql extends string> = string extends Sql ? string : Names<Code<Sql>>;
