/**
 * Declarations for TypeScript of what a module exports, as one text: those that it names, and those that these need.
 * Sources have explicit types on all that they export, so that each is declared by itself, without looking at others.
 */

import { dirname, resolve } from "node:path";
import ts from "typescript";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  isolatedDeclarations: true,
  stripInternal: true,
  strict: true,
};

/** What one source declares. */
interface Declared {
  /** The declarations, with their comments, as they are in a module that exports nothing. */
  readonly declarations: ReadonlyMap<string, ts.Statement>;
  /** Sources by the names that are taken from them, imported or passed on; packages are no paths. */
  readonly origins: ReadonlyMap<string, string>;
  /** Names that are passed on, and whether as types alone. */
  readonly passedOn: ReadonlyMap<string, boolean>;
}

/**
 * Declares what a module passes on from others.
 *
 * @param entry its path
 * @throws {Error} when a source can't be declared by itself, names a package, or has a name that another has
 */
export async function declarationsOf(entry: string): Promise<string> {
  const sources = new Map<string, Declared>();
  const places = new Map<string, string>();
  const texts: string[] = [];
  /** Classes that nobody can make: a module that says that it exports them would be believed. */
  const types: string[] = [];
  const load = async (path: string) => {
    if (!sources.has(path)) sources.set(path, declare(path, await Deno.readTextFile(path)));
    return sources.get(path)!;
  };
  const add = async (name: string, path: string): Promise<void> => {
    if (places.get(name) === path) return;
    if (places.has(name)) throw new Error(`Cannot declare ${name} of ${path}: ${places.get(name)} has one too`);
    places.set(name, path);
    const { declarations, origins } = await load(path);
    const statement = declarations.get(name);
    if (!statement) throw new Error(`Cannot declare ${name}: ${path} does not`);
    const isType = exported.get(name) && ts.isClassDeclaration(statement);
    if (isType) types.push(name);
    texts.push(textOf(statement, exported.has(name) && !isType));
    for (const needed of namesIn(statement)) {
      if (declarations.has(needed)) await add(needed, path);
      else if (origins.has(needed)) await add(needed, origins.get(needed)!);
    }
  };
  const { passedOn: exported, origins } = await load(entry);
  for (const name of exported.keys()) await add(name, origins.get(name)!);
  return `${texts.join("\n\n")}\n\nexport type { ${types.join(", ")} };\n`;
}

function declare(fileName: string, source: string): Declared {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: OPTIONS,
  });
  const wrong = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  if (wrong.length > 0) throw new Error(`Cannot declare ${fileName}: ${wrong.join("; ")}`);
  const declarations = new Map<string, ts.Statement>();
  const origins = new Map<string, string>();
  const passedOn = new Map<string, boolean>();
  for (const statement of ts.createSourceFile("d.ts", outputText, ts.ScriptTarget.ESNext, true).statements) {
    const names = passedNames(statement);
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) {
      const specifier = (statement.moduleSpecifier as ts.StringLiteral | undefined)?.text ?? ".";
      for (const { name, isType } of names) {
        origins.set(name, resolve(dirname(fileName), specifier));
        if (ts.isExportDeclaration(statement)) passedOn.set(name, isType || statement.isTypeOnly);
      }
    } else {
      for (const name of namesOf(statement)) declarations.set(name, statement);
    }
  }
  return { declarations, origins, passedOn };
}

/** The names that a statement imports or passes on; one under another name would need what is not written here. */
function passedNames(statement: ts.Statement): { name: string; isType: boolean }[] {
  const clause = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : ts.isExportDeclaration(statement)
    ? statement.exportClause
    : undefined;
  if (!clause || !(ts.isNamedImports(clause) || ts.isNamedExports(clause))) return [];
  return clause.elements.map(({ name, propertyName, isTypeOnly }) => {
    if (propertyName) throw new Error(`Cannot declare ${propertyName.text} as ${name.text}: names are not changed`);
    return { name: name.text, isType: isTypeOnly };
  });
}

/** What a statement declares. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = statement as ts.DeclarationStatement;
  return name ? [name.getText()] : [];
}

/** All names in a statement, those too that stand for something of its own. */
function namesIn(statement: ts.Statement): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(statement, visit);
  return names;
}

/** The text of a statement. The compiler declares a method of a class under a computed name as a property too. */
function withoutDoubles(statement: ts.Statement): string {
  let text = statement.getText();
  if (!ts.isClassDeclaration(statement)) return text;
  const methods = new Set(statement.members.filter(ts.isMethodDeclaration).map(({ name }) => name.getText()));
  for (const member of statement.members.filter(ts.isPropertyDeclaration)) {
    if (methods.has(member.name.getText())) text = text.replace(member.getFullText(), "");
  }
  return text;
}

/** A statement with the comment right before it. */
function textOf(statement: ts.Statement, isExported: boolean): string {
  const file = statement.getSourceFile().text;
  const comment = ts.getLeadingCommentRanges(file, statement.getFullStart())?.at(-1);
  const about = comment ? file.slice(comment.pos, comment.end) + "\n" : "";
  const plain = withoutDoubles(statement).replace(/^export /, "").replace(/^declare /, "");
  const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  return `${about}${isExported ? "export " : ""}${isType ? "" : "declare "}${plain}`;
}
