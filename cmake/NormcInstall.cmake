# What `cmake --install` puts where, in two components: `runtime` loads and runs
# artifacts and needs no LLVM; `compiler` is the rest. A project then says
# find_package(normc [COMPONENTS runtime]) and links normc::normc or
# normc::runtime.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/normc)

# normc_export(export component target=name ...): installs libraries, which a
# project then finds as normc::name.
function(normc_export export component)
  foreach(pair ${ARGN})
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 target)
    list(GET pair 1 name)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    # The same names for a project that has normc as a subdirectory.
    add_library(normc::${name} ALIAS ${target})
    install(TARGETS ${target} EXPORT ${export}
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
  endforeach()
  install(EXPORT ${export} FILE ${export}.cmake NAMESPACE normc::
    DESTINATION ${package_dir} COMPONENT ${component})
endfunction()

normc_export(normcRuntimeTargets runtime normc_runtime=runtime)
normc_export(normcCompilerTargets compiler
  normc=normc normc_compiler=compiler normc_image=image normc_passes=passes
  normc_dialect=dialect normc_mlir=mlir)

# The folders' headers share one folder there.
install(DIRECTORY runtime/include/normc
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT runtime)
install(DIRECTORY compiler/include/normc
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT compiler)

# LLVM need not lie where the loader looks.
set_target_properties(normc-tool norm-opt PROPERTIES
  INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS normc-tool norm-opt
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)

configure_package_config_file(cmake/normcConfig.cmake.in normcConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(normcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/normcConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/normcConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT runtime)

install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime
  OPTIONAL)
install(DIRECTORY docs/ ${PROJECT_BINARY_DIR}/docs/
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT compiler
  FILES_MATCHING PATTERN "*.md" PATTERN CMakeFiles EXCLUDE)
