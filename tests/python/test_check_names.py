"""What scripts/check_names.py takes for a definition, and where it finds two."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import check_names  # noqa: E402


def names(text):
    return [name for name, _ in check_names.definitions(text)]


class FindsDefinitions(unittest.TestCase):
    def test_of_every_sort(self):
        text = """
namespace graft {
class A {
};
class ABSL_LOCKABLE B final : public A, private std::map<int, C> {};
struct alignas(64) D { struct Inner {}; int x; };
union E { int i; };
enum F { kOne };
enum class G : std::uint8_t { kTwo };
class [[nodiscard]] H {};
template <typename T, typename = std::enable_if_t<true>>
class I {};
struct __attribute__((packed)) J {};
}  // namespace graft
struct K {};
"""
        self.assertEqual(names(text), [f"graft::{name}" for name in "ABDEFGHIJ"] + ["K"])

    def test_with_their_lines(self):
        self.assertEqual(
            check_names.definitions("/* one\n two */\nnamespace a {\n\nclass B\n    : C {\n};\n}"),
            [("a::B", 6)])

    def test_under_nested_namespaces_however_they_are_written(self):
        self.assertEqual(names("namespace a::b { struct X {}; }"), ["a::b::X"])
        self.assertEqual(names("namespace a { namespace b { struct X {}; } struct Y {}; }"),
                         ["a::b::X", "a::Y"])
        self.assertEqual(names("namespace a { inline namespace v1 { struct X {}; } }"),
                         ["a::v1::X"])
        self.assertEqual(names('namespace a { extern "C" { struct X {}; } }'), ["a::X"])

    def test_of_a_nested_class_outside_its_own_class(self):
        self.assertEqual(names("namespace a { class Outer::Inner final : public B {}; }"),
                         ["a::Outer::Inner"])

    def test_and_nothing_that_is_none(self):
        for text in [
                "class A;",
                "enum class A : int;",
                "friend class A;",
                "template <> struct hash<A> {};",
                "template <typename T> struct hash<std::vector<T>> {};",
                "namespace { struct A {}; }",
                "namespace a { namespace { struct A {}; namespace b { struct C {}; } } }",
                "namespace a = b;",
                "using A = B;",
                "struct sigaction action = {};",
                "struct stat info{};",
                "struct A Make() { return {}; }",
                "void f(std::vector<int> v = {}) { struct A {}; }",
                "template <class T> T f() { return {}; }",
                "// struct A {}\n/* struct B {}; */",
                '#define A(x) \\\n  struct x {}\nconst char* s = "struct B {}"; char c = \'{\';',
                'const char* s = R"(struct A {};)";',
                "typedef struct { int i; } A;",
                "int x = 1'000; int y = 0xA'B;",
        ]:
            with self.subTest(text):
                self.assertEqual(names(text), [])


class FindsDuplicates(unittest.TestCase):
    def test_of_one_namespace_written_in_two_ways(self):
        found = check_names.duplicates({
            "worker/trainer.h": "namespace a::b {\nclass Trainer {};\n}",
            "core/trainer.h": "namespace a { namespace b { class Trainer {}; } }",
            "core/other.h": "namespace a { class Trainer {}; }",
        })
        self.assertEqual(
            found,
            ["a::b::Trainer is defined more than once: core/trainer.h:1, worker/trainer.h:2"])

    def test_none_in_namespaces_apart_or_in_branches_of_one_file(self):
        self.assertEqual(check_names.duplicates({
            "a.h": "namespace a { class T {}; }",
            "b.h": "namespace b { class T {}; }",
            "c.h": "#ifdef X\nclass T {};\n#else\nclass T {};\n#endif",
            "d.cc": "namespace { class T {}; }",
        }), [])

    def test_of_names_outside_of_their_folders_namespace(self):
        self.assertEqual(check_names.misplaced({
            "core/nn/ops/conv.h": "namespace graft::nn { struct Conv {}; }",
            "core/base/clock.h": "namespace graft { class Clock {}; }",
            "core/store/sqlite/session.h": "namespace graft::store::sqlite { class Session {}; }",
            "client/cli/text.h": "namespace graft::cli { class Text {}; }",
            "server/api/gate.h": "\nnamespace graft { class Gate {}; }",
        }), ["server/api/gate.h:2: graft::Gate is to be in graft::server"])

    def test_none_in_this_tree(self):
        self.assertEqual(check_names.main(), 0)


if __name__ == "__main__":
    unittest.main()
