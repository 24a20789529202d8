//===- DimUnifier.cpp - which dims of two kernels are one -----------------===//

#include "compiler/passes/norm/DimUnifier.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

DimUnifier::DimUnifier(KernelOp first, KernelOp second)
    : spaces{first.getDims(), second.getDims()} {
  for (unsigned side : {0, 1})
    for (int64_t extent : spaces[side].getExtents())
      dims[side].push_back({makeAtom(extent)});
}

unsigned DimUnifier::makeAtom(int64_t extent) {
  extents.push_back(extent);
  return extents.size() - 1;
}

DimUnifier::Atoms DimUnifier::flatten(unsigned side, DimsAttr names) const {
  Atoms atoms;
  for (StringAttr name : names.getNames())
    llvm::append_range(atoms, dims[side][spaces[side].indexOf(name)]);
  return atoms;
}

bool DimUnifier::uses(unsigned side, unsigned atom) const {
  return llvm::any_of(dims[side], [&](const Atoms &atoms) {
    return llvm::is_contained(atoms, atom);
  });
}

/// Writes `with` for an atom wherever it occurs; false where a kernel has one
/// of them elsewhere already.
bool DimUnifier::replace(unsigned atom, ArrayRef<unsigned> with) {
  for (unsigned side : {0, 1})
    for (unsigned part : with)
      if (uses(side, atom) && uses(side, part))
        return false;
  for (auto &kernel : dims)
    for (Atoms &atoms : kernel)
      if (auto *at = llvm::find(atoms, atom); at != atoms.end()) {
        at = atoms.erase(at);
        atoms.insert(at, with.begin(), with.end());
      }
  return true;
}

/// Two atoms of one extent, which one of them may not know.
bool DimUnifier::merge(unsigned a, unsigned b) {
  if (ShapedType::isDynamic(extents[a]))
    extents[a] = extents[b];
  bool agree = ShapedType::isDynamic(extents[b]) || extents[a] == extents[b];
  return agree && replace(b, a);
}

/// The innermost atom of `whole` gets those of `parts` inside; what is left of
/// it becomes an atom of its own. All of it, where it is alone.
bool DimUnifier::split(ArrayRef<unsigned> whole, ArrayRef<unsigned> parts) {
  unsigned atom = whole.back();
  if (ShapedType::isDynamic(extents[atom])) {
    // Of several dynamic extents nothing tells which is how large.
    return whole.size() == 1 && replace(atom, parts);
  }
  int64_t inner = extents[parts.back()];
  if (ShapedType::isDynamic(inner) || inner == 0 || extents[atom] % inner != 0)
    return false;
  unsigned outer = makeAtom(extents[atom] / inner);
  return replace(atom, {outer, parts.back()});
}

/// Whether all but the innermost atoms come to one extent, which is not 0: then
/// the innermost ones do, too.
bool DimUnifier::haveEqualOuter(ArrayRef<unsigned> left,
                                ArrayRef<unsigned> right) const {
  auto outer = [&](ArrayRef<unsigned> atoms) {
    int64_t product = 1;
    for (unsigned atom : atoms.drop_back())
      product =
          ShapedType::isDynamic(extents[atom]) ? 0 : product * extents[atom];
    return product;
  };
  return outer(left) != 0 && outer(left) == outer(right);
}

/// One step from the right; the innermost atoms differ.
bool DimUnifier::unifyInnermost(ArrayRef<unsigned> left,
                                ArrayRef<unsigned> right) {
  if (left.size() == 1 && right.size() == 1)
    return merge(left.back(), right.back());
  auto endsInOne = [&](ArrayRef<unsigned> atoms) {
    return !atoms.empty() && extents[atoms.back()] == 1;
  };
  bool leftIsOne = endsInOne(left), rightIsOne = endsInOne(right);
  if (leftIsOne && rightIsOne)
    return merge(left.back(), right.back());
  if (leftIsOne)
    return replace(left.back(), {});
  if (rightIsOne)
    return replace(right.back(), {});
  if (left.empty() || right.empty())
    return false;
  int64_t a = extents[left.back()], b = extents[right.back()];
  if (a == b && !ShapedType::isDynamic(a))
    return merge(left.back(), right.back());
  bool areDynamic = ShapedType::isDynamic(a) && ShapedType::isDynamic(b);
  if (areDynamic && haveEqualOuter(left, right))
    return merge(left.back(), right.back());
  if (ShapedType::isDynamic(a))
    return split(left, right);
  if (ShapedType::isDynamic(b))
    return split(right, left);
  return a > b ? split(left, right) : split(right, left);
}

bool DimUnifier::unifyAxis(DimsAttr first, DimsAttr second) {
  while (true) {
    Atoms left = flatten(0, first), right = flatten(1, second);
    while (!left.empty() && !right.empty() && left.back() == right.back()) {
      left.pop_back();
      right.pop_back();
    }
    if (left.empty() && right.empty())
      return true;
    if (!unifyInnermost(left, right))
      return false;
  }
}

/// "[g = 8, c = ?]"
std::string DimUnifier::describe(unsigned side, DimsAttr names) const {
  std::string text = "[";
  for (StringAttr name : names.getNames()) {
    int64_t extent = spaces[side].getExtents()[spaces[side].indexOf(name)];
    text += text.size() > 1 ? ", " : "";
    text += name.str() + " = ";
    text += ShapedType::isDynamic(extent) ? "?" : std::to_string(extent);
  }
  return text + "]";
}

bool DimUnifier::unify(MapAttr first, MapAttr second) {
  for (auto [axis, names] :
       llvm::enumerate(llvm::zip_equal(first.getAxes(), second.getAxes()))) {
    auto [one, other] = names;
    if (unifyAxis(one, other))
      continue;
    reason = "expected axis " + std::to_string(axis) +
             " of what both touch to be one set of dims, but got " +
             describe(0, one) + " and " + describe(1, other);
    return false;
  }
  return true;
}

bool DimUnifier::haveEqualSpaces() const {
  for (unsigned atom = 0; atom < extents.size(); ++atom)
    if (extents[atom] != 1 && uses(0, atom) != uses(1, atom))
      return false;
  return true;
}

/// The name of the dim that an atom is all of, in the preferred kernel or in
/// the other one; a part of a dim has its name with a number.
SmallVector<StringAttr> DimUnifier::nameAtoms(unsigned preferred) const {
  MLIRContext *context = spaces[0].getContext();
  SmallVector<StringAttr> names(extents.size());
  llvm::StringSet<> taken;
  auto name = [&](unsigned atom, StringRef wanted) {
    if (names[atom])
      return;
    std::string unique = wanted.str();
    for (unsigned number = 1; !taken.insert(unique).second; ++number)
      unique = (wanted + "_" + Twine(number)).str();
    names[atom] = StringAttr::get(context, unique);
  };
  for (bool whole : {true, false})
    for (unsigned side : {preferred, 1 - preferred})
      for (auto [dim, atoms] :
           llvm::zip_equal(spaces[side].getNames(), dims[side]))
        if (!whole || atoms.size() == 1)
          for (unsigned atom : atoms)
            name(atom, dim.getValue());
  return names;
}

UnifiedDims DimUnifier::finish(unsigned preferred) const {
  MLIRContext *context = spaces[0].getContext();
  SmallVector<StringAttr> names = nameAtoms(preferred);
  UnifiedDims unified;
  SmallVector<StringAttr> order;
  SmallVector<int64_t> sizes;
  for (unsigned side : {preferred, 1 - preferred})
    for (auto [dim, atoms] :
         llvm::zip_equal(spaces[side].getNames(), dims[side])) {
      SmallVector<StringAttr> parts;
      for (unsigned atom : atoms) {
        parts.push_back(names[atom]);
        if (llvm::is_contained(order, names[atom]))
          continue;
        order.push_back(names[atom]);
        sizes.push_back(extents[atom]);
      }
      unified.parts[side][dim] = DimsAttr::get(context, parts);
    }
  unified.space = SpaceAttr::get(context, order, sizes);
  return unified;
}
