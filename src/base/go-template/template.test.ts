// What templates give; each expectation is what Go's text/template prints.

import { describe, expect, test } from 'vitest';
import { goTemplate } from './template.ts';
import { GoFloat, GoMap } from './values.ts';

const header = new GoMap(
  new Map([
    ['User-Agent', ['curl/8']],
    ['X-Many', ['a', 'b']],
  ]),
  [],
  { Get: (name) => (name === 'X-Many' ? 'a' : '') },
);
const values = {
  Name: 'it\'s <b>"x"</b>',
  Code: 200,
  Latency: new GoFloat(0.0000125),
  Half: new GoFloat(0.5),
  Empty: '',
  Nothing: undefined,
  List: ['x', 'y'],
  Header: header,
  Labels: new GoMap(
    new Map([
      ['b', '2'],
      ['a', '1'],
    ]),
    '',
  ),
  Request: { Method: 'GET', Header: header, UserAgent: () => 'curl/8' },
};

describe('a template', () => {
  test.each([
    ['plain', 'plain'],
    ['{{.Code}}', '200'],
    ['{{ .Request.Method }}', 'GET'],
    ['{{.Request.UserAgent}}', 'curl/8'],
    ['{{$.Request.Method}}', 'GET'],
    ['{{.Latency}} {{.Half}}', '1.25e-05 0.5'],
    ['{{.Nothing}}', '<no value>'],
    ['{{.List}} {{.Labels}}', '[x y] map[a:1 b:2]'],
    ['{{.Labels.a}}{{.Labels.none}}', '1<no value>'],
    ['{{"a\\tb"}}{{`c\\d`}}', 'a\tbc\\d'],
    ['{{3}} {{-2}} {{1.50}} {{0x10}} {{true}}', '3 -2 1.5 16 true'],
    // Functions.
    ['{{js .Name}}', 'it\\\'s \\u003Cb\\u003E\\"x\\"\\u003C/b\\u003E'],
    ['{{js "a=b&c\\n"}}', 'a\\u003Db\\u0026c\\u000A'],
    ['{{html .Name}}', 'it&#39;s &lt;b&gt;&#34;x&#34;&lt;/b&gt;'],
    ['{{urlquery "a b&c(d)"}}', 'a+b%26c%28d%29'],
    ['{{index .Header "User-Agent"}}', '[curl/8]'],
    ['{{index .Header "User-Agent" 0}}', 'curl/8'],
    ['{{index .Header "None"}}', '[]'],
    ['{{index .List 1}}', 'y'],
    ['{{len .List}} {{len .Name}} {{len .Labels}}', '2 15 2'],
    ['{{slice "abcdef" 1 3}}', 'bc'],
    ['{{print "a" 1 2 "b"}}', 'a1 2b'],
    ['{{println "a" 1}}|', 'a 1\n|'],
    [
      '{{printf "%s=%d %v %q %5.2f|%-4s|%04d|%t%%" "a" 7 .List "q" .Half "x" 42 true}}',
      'a=7 [x y] "q"  0.50|x   |0042|true%',
    ],
    ['{{printf "%d" "a"}} {{printf "%s"}} {{printf "x" 1}}', '%!d(string=a) %!s(MISSING) x%!(EXTRA int=1)'],
    ['{{.Request.Header.Get "X-Many"}}', 'a'],
    // Pipelines.
    ['{{.Name | js | printf "<%s>"}}', '<it\\\'s \\u003Cb\\u003E\\"x\\"\\u003C/b\\u003E>'],
    ['{{"X-Many" | .Request.Header.Get}}', 'a'],
    ['{{(index .Header "X-Many") | len}}', '2'],
    ['{{printf "%d" (len .List)}}', '2'],
    ['{{(.Request).Method}}', 'GET'],
    // Blocks.
    ['{{if .Empty}}a{{else if eq .Code 200 201}}b{{else}}c{{end}}', 'b'],
    ['{{if and .Name (gt .Code 100)}}y{{end}}{{if or .Empty .Nothing}}n{{end}}', 'y'],
    ['{{if not .Empty}}y{{end}}', 'y'],
    ['{{if and .Nothing .Nothing.Field}}x{{else}}asked no further{{end}}', 'asked no further'],
    ['{{with .Request}}{{.Method}}{{else}}none{{end}}{{with .Empty}}x{{else}}none{{end}}', 'GETnone'],
    ['{{with $x := .Request}}{{$x.Method}}{{end}}', 'GET'],
    ['{{range .List}}<{{.}}>{{end}}', '<x><y>'],
    ['{{range $i, $x := .List}}{{$i}}{{$x}}{{$.Code}} {{end}}', '0x200 1y200 '],
    ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{else}}none{{end}}', 'a=1;b=2;'],
    ['{{range .Nothing}}x{{else}}none{{end}}', 'none'],
    ['{{range $x := 3}}{{$x}}{{end}}', '012'],
    ['{{$n := 1}}{{if true}}{{$n = 2}}{{$m := 3}}{{end}}{{$n}}', '2'],
    // Blanks and comments.
    ['a {{- 1 -}} b', 'a1b'],
    ['a {{/* nothing */}}b{{- /* nor here */ -}} c', 'a bc'],
    ['{{"}}"}}', '}}'],
  ])('%s', (source, expected) => {
    expect(goTemplate(source)(values)).toBe(expected);
  });

  test.each([
    ['{{.Name', 'template: 1: unclosed action'],
    ['\n{{}}', 'template: 2: missing value for command'],
    ['{{if .Name}}x', 'template: 1: unexpected EOF'],
    ['{{end}}', 'template: 1: unexpected {{end}}'],
    ['{{else}}', 'template: 1: unexpected {{else}}'],
    ['{{nope .Name}}', 'template: 1: function "nope" not defined'],
    ['{{constructor .Name}}', 'template: 1: function "constructor" not defined'],
    ['{{$x}}', 'template: 1: undefined variable "$x"'],
    ['{{if true}}{{$x := 1}}{{end}}{{$x}}', 'template: 1: undefined variable "$x"'],
    ['{{(.Name}}', 'unclosed left paren'],
    ['{{.Name)}}', 'unexpected ")"'],
    ['{{"a" 1}}', 'no function'],
    ['{{#}}', 'unexpected "#"'],
    ['{{template "x"}}', '{{template}} is not supported'],
  ])('%s is none', (source, expected) => expect(() => goTemplate(source)).toThrow(expected));

  test.each([
    ['{{.None}}', "can't evaluate field None"],
    ['{{.Name.Field}}', "can't evaluate field Field"],
    ['{{.Nothing.Field}}', 'nil pointer'],
    ['{{index .List 5}}', 'index out of range'],
    ['{{index .Header "None" 0}}', 'index out of range'],
    ['{{.Code "x"}}', 'cannot be invoked'],
    ['{{lt .Name 1}}', 'incompatible types'],
    ['{{.toString}}', "can't evaluate field toString"],
    ['{{.constructor}}', "can't evaluate field constructor"],
    ['{{range 1000000000}}{{end}}', 'ranges take more than 10000 turns'],
    ['{{range 101}}{{range 100}}{{end}}{{end}}', 'ranges take more than 10000 turns'],
    ['{{printf "%999999999d" 1}}', 'the text is longer than 1048576 characters'],
    ['{{printf "%-600000d%0600000d" 1 1}}', 'the text is longer than 1048576 characters'],
    ['{{range 9999}}{{printf "%999d" 1}}{{end}}', 'the text is longer than 1048576 characters'],
    ['{{$x := "x"}}{{range 99}}{{$x = print $x $x}}{{end}}', 'the text is longer than 1048576 characters'],
  ])('%s does not fit', (source, expected) => expect(() => goTemplate(source)(values)).toThrow(expected));
});
